package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Erasures;
import org.segmeter.security.Caller;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Erases what there is of a patient, a study or a case; what names a patient is in the body of a request and not in its address. */
@RestController
final class ErasureController {

    private static final String PATH = "/api/v1/erasures";
    private static final int MOST_LISTED = 200;
    private static final String PATIENT = "patientId";
    private static final String PSEUDONYM = "patient";
    private static final String STUDY = "study";
    private static final String CASE = "case";

    private final Erasures erasures;
    private final JsonMapper json;

    ErasureController(Erasures erasures, JsonMapper json) {
        this.erasures = erasures;
        this.json = json;
    }

    @PostMapping(PATH)
    ResponseEntity<byte[]> erase(HttpServletRequest http) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        if (!request.isObject()
                || request.size() != 1
                || !Set.of(PATIENT, PSEUDONYM, STUDY, CASE).containsAll(request.propertyNames())
                || !request.iterator().next().isString()
                || request.iterator().next().stringValue().isBlank()) {
            throw wrong("a JSON object with one of " + PATIENT + ", " + PSEUDONYM + ", " + STUDY + " and " + CASE
                    + ", a text");
        }
        String kind = request.propertyNames().iterator().next();
        String subject = request.iterator().next().stringValue().strip();
        return switch (kind) {
            case PATIENT -> erased(Erasures.Kind.PATIENT, erasures.pseudonymOfPatient(subject), http);
            case PSEUDONYM -> erased(Erasures.Kind.PATIENT, subject, http);
            case STUDY -> {
                if (!subject.matches("[0-9.]{1,64}")) {
                    throw wrong("the Study Instance UID of " + STUDY);
                }
                yield erased(Erasures.Kind.STUDY, subject, http);
            }
            default -> erased(Erasures.Kind.CASE, subject, http);
        };
    }

    /** What others than DICOM call the same. */
    @DeleteMapping(DicomWebAnswers.ROOT + "/studies/{study}")
    ResponseEntity<byte[]> eraseStudy(HttpServletRequest http, @PathVariable("study") String study) {
        String uid = DicomWebAnswers.uid(study);
        if (!erasures.knowsStudy(uid)) {
            throw new ProblemException(ServiceProblem.NOT_FOUND, "No instance of this address is stored here.");
        }
        return erased(Erasures.Kind.STUDY, uid, http);
    }

    @GetMapping(PATH)
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        int offset = number(http.getParameter("offset"), 0, Integer.MAX_VALUE - MOST_LISTED);
        int limit = number(http.getParameter("limit"), 50, MOST_LISTED);
        List<Erasures.Erasure> found = erasures.list(limit, offset);
        return answer(
                200,
                null,
                Map.of(
                        "erasures",
                        found.stream().map(ErasureController::document).toList()));
    }

    @GetMapping(PATH + "/{id}")
    ResponseEntity<byte[]> get(@PathVariable("id") String id) {
        return answer(200, null, document(erasures.find(uuid(id)).orElseThrow(ErasureController::absent)));
    }

    @PostMapping(PATH + "/{id}/lift")
    ResponseEntity<byte[]> lift(@PathVariable("id") String id) {
        return answer(200, null, document(erasures.lift(uuid(id)).orElseThrow(ErasureController::absent)));
    }

    private ResponseEntity<byte[]> erased(Erasures.Kind kind, String subject, HttpServletRequest http) {
        Caller caller = Caller.of(http);
        Erasures.Erasure one = erasures.erase(kind, subject, caller == null ? "nobody" : caller.id());
        return answer(one.completedAt() == null ? 202 : 201, PATH + "/" + one.id(), document(one));
    }

    private static Map<String, Object> document(Erasures.Erasure one) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("id", one.id().toString());
        document.put("kind", one.kind().name().toLowerCase(Locale.ROOT));
        document.put("subject", one.subject());
        document.put("requestedBy", one.requestedBy());
        document.put("requestedAt", one.requestedAt().toString());
        if (one.completedAt() != null) {
            document.put("completedAt", one.completedAt().toString());
        }
        if (one.liftedAt() != null) {
            document.put("liftedAt", one.liftedAt().toString());
        }
        document.put(
                "removed",
                Map.of(
                        "studies", one.studies(),
                        "instances", one.instances(),
                        "pairs", one.pairs(),
                        "evaluations", one.evaluations(),
                        "files", one.files()));
        return document;
    }

    private ResponseEntity<byte[]> answer(int status, @Nullable String location, Map<String, Object> document) {
        ResponseEntity.BodyBuilder answer = ResponseEntity.status(status).contentType(MediaType.APPLICATION_JSON);
        if (location != null) {
            answer.header(HttpHeaders.LOCATION, location);
        }
        return answer.body(json.writeValueAsBytes(document));
    }

    private static int number(@Nullable String text, int otherwise, int most) {
        return Optional.ofNullable(text)
                .filter(digits -> digits.matches("[0-9]{1,9}"))
                .map(Integer::parseInt)
                .map(value -> Math.min(value, most))
                .orElse(Math.min(otherwise, most));
    }

    private static UUID uuid(String id) {
        if (!id.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")) {
            throw absent();
        }
        return UUID.fromString(id);
    }

    private static ProblemException absent() {
        return new ProblemException(ServiceProblem.NOT_FOUND, "No erasure has this id.");
    }

    private static InputException wrong(String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST, "What is to be erased is not said as it should be.", "another", expected);
    }
}
