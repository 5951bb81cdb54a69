package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Commitments;
import org.segmeter.scoring.JsonDocument;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Storage commitment (PS3.18 chapter 13), answered at once. */
@RestController
@RequestMapping(DicomWebAnswers.ROOT + "/commitment-requests/{transaction}")
final class CommitmentController {

    private static final int LONGEST = 1 << 20;
    private static final int MOST = 1000;

    private final Commitments commitments;

    CommitmentController(Commitments commitments) {
        this.commitments = commitments;
    }

    @PostMapping
    ResponseEntity<byte[]> request(HttpServletRequest http, @PathVariable("transaction") String transaction)
            throws IOException {
        boolean xml = DicomWebAnswers.prefersXml(http);
        String uid = DicomWebAnswers.uid(transaction);
        Optional<Commitments.Commitment> made = commitments.request(uid, references(http));
        if (made.isEmpty()) {
            throw new ProblemException(
                    ServiceProblem.TRANSACTION_IN_USE, "A commitment was requested under this transaction UID before.");
        }
        return answer(made.get(), xml);
    }

    @GetMapping
    ResponseEntity<byte[]> result(HttpServletRequest http, @PathVariable("transaction") String transaction) {
        boolean xml = DicomWebAnswers.wantsXml(http);
        return commitments
                .find(DicomWebAnswers.uid(transaction))
                .map(known -> answer(known, xml))
                .orElseThrow(() -> new ProblemException(
                        ServiceProblem.NOT_FOUND, "No commitment was requested under this transaction UID."));
    }

    private static ResponseEntity<byte[]> answer(Commitments.Commitment commitment, boolean xml) {
        return ResponseEntity.ok()
                .header(HttpHeaders.CONTENT_TYPE, xml ? DicomWebAnswers.XML : DicomWebAnswers.JSON)
                .header(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                .body(DicomWebAnswers.document(commitment::writeTo, xml));
    }

    private static List<Commitments.Reference> references(HttpServletRequest http) throws IOException {
        String type = http.getContentType();
        if (type == null
                || !MultipartRelated.MediaTypeField.parse(type).is(DicomWebAnswers.JSON)
                        && !MultipartRelated.MediaTypeField.parse(type).is("application/json")) {
            throw new ProblemException(
                            ServiceProblem.UNSUPPORTED_MEDIA_TYPE,
                            "A commitment is requested as application/dicom+json.")
                    .header("Accept-Post", DicomWebAnswers.JSON);
        }
        byte[] bytes = http.getInputStream().readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
            throw new ProblemException(
                    ServiceProblem.PAYLOAD_TOO_LARGE, "The body is longer than %d bytes.".formatted(LONGEST));
        }
        JsonNode body;
        try {
            body = JsonDocument.read(new String(bytes, StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw wrong("The body is no JSON.");
        }
        // One data set, or a list of one: both are written.
        JsonNode items = (body.isArray() && body.size() == 1 ? body.path(0) : body)
                .path("00081199")
                .path("Value");
        List<Commitments.Reference> references = new ArrayList<>();
        for (JsonNode item : items) {
            String sopClass = uid(item, "00081150");
            String sop = uid(item, "00081155");
            references.add(new Commitments.Reference(sopClass, sop));
        }
        if (references.isEmpty() || references.size() > MOST) {
            throw wrong("The Referenced SOP Sequence (0008,1199) has %d items; 1 to %d are taken."
                    .formatted(references.size(), MOST));
        }
        return references;
    }

    private static String uid(JsonNode item, String tag) {
        String value = item.path(tag).path("Value").path(0).asString("");
        if (!value.matches("[0-9.]{1,64}")) {
            throw wrong("An item of the Referenced SOP Sequence has no UID in %s.".formatted(tag));
        }
        return value;
    }

    private static ProblemException wrong(String detail) {
        return new ProblemException(ServiceProblem.BAD_REQUEST, detail);
    }
}
