package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Reception;
import org.segmeter.pacs.StoreOutcome;
import org.segmeter.pacs.StoreResponse;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** STOW-RS: stores instances (PS3.18 section 10.5). The answer tells what is stored; scoring never delays it. */
@RestController
@RequestMapping(DicomWebAnswers.ROOT)
final class StowController {

    /** Who sends, where a sender can be made to say so; a PACS forwards under its own name. */
    static final String SOURCE_HEADER = "Segmeter-Source";

    private final BlobStore store;
    private final Reception reception;
    private final UploadAdmission admission;
    private final WebSettings settings;
    private final ServiceMetrics metrics;

    StowController(
            BlobStore store,
            Reception reception,
            UploadAdmission admission,
            WebSettings settings,
            ServiceMetrics metrics) {
        this.admission = admission;
        this.store = store;
        this.reception = reception;
        this.settings = settings;
        this.metrics = metrics;
    }

    @PostMapping("/studies")
    ResponseEntity<byte[]> store(HttpServletRequest http) throws IOException {
        return store(http, null);
    }

    @PostMapping("/studies/{study}")
    ResponseEntity<byte[]> storeInStudy(HttpServletRequest http, @PathVariable("study") String study)
            throws IOException {
        return store(http, DicomWebAnswers.uid(study));
    }

    private ResponseEntity<byte[]> store(HttpServletRequest http, @Nullable String study) throws IOException {
        boolean xml = DicomWebAnswers.prefersXml(http);
        if (http.getQueryString() != null) {
            throw new ProblemException(ServiceProblem.BAD_REQUEST, "Storing takes no query parameters.");
        }
        String sender = http.getHeader(SOURCE_HEADER);
        if (sender != null && !sender.matches("[ -~]{1,64}")) {
            throw new ProblemException(
                    ServiceProblem.BAD_REQUEST, SOURCE_HEADER + " has 1 to 64 printable ASCII characters.");
        }
        List<StoreOutcome> outcomes = new ArrayList<>();
        // What arrives may wait for its counterpart for days, so the queue is no reason to send it away.
        try (UploadAdmission.Slot slot = admission.admitBatch(http);
                MultipartRelated received = MultipartRelated.receive(http, store, settings.upload(), slot, metrics)) {
            for (BlobStore.Incoming part : received.parts()) {
                outcomes.add(reception.receive(part, study, sender));
            }
        } catch (ProblemException e) {
            if (e.problem().status() == ServiceProblem.INSUFFICIENT_STORAGE.status()) {
                outcomes.clear();
                outcomes.add(new StoreOutcome.Refused(
                        null,
                        null,
                        StoreOutcome.Reason.OUT_OF_RESOURCES,
                        e.problem().detail()));
            } else {
                throw e;
            }
        }
        return answer(new StoreResponse(outcomes, DicomWebAnswers::url), outcomes, xml);
    }

    private static ResponseEntity<byte[]> answer(StoreResponse response, List<StoreOutcome> outcomes, boolean xml) {
        HttpHeaders headers = new HttpHeaders();
        headers.set(HttpHeaders.CONTENT_TYPE, xml ? DicomWebAnswers.XML : DicomWebAnswers.JSON);
        Set<String> studies = new LinkedHashSet<>();
        Set<UUID> pairs = new LinkedHashSet<>();
        Set<String> comments = new LinkedHashSet<>();
        for (StoreOutcome outcome : outcomes) {
            switch (outcome) {
                case StoreOutcome.Stored stored -> {
                    studies.add(stored.instance().studyUid());
                    pairs.addAll(stored.pairs());
                    if (stored.comment() != null) {
                        comments.add(stored.comment());
                    }
                }
                case StoreOutcome.Refused refused -> comments.add(refused.comment());
            }
        }
        if (!studies.isEmpty()) {
            headers.set(
                    HttpHeaders.CONTENT_LOCATION,
                    DicomWebAnswers.url(
                            studies.size() == 1
                                    ? "/studies/" + studies.iterator().next()
                                    : "/studies"));
        }
        pairs.stream()
                .limit(50)
                .forEach(pair -> headers.add(HttpHeaders.LINK, "</api/v1/pairs/" + pair + ">; rel=\"related\""));
        comments.stream()
                .limit(10)
                .forEach(
                        comment -> headers.add(HttpHeaders.WARNING, "299 Segmeter " + DicomWebAnswers.quoted(comment)));
        return ResponseEntity.status(response.status())
                .headers(headers)
                .body(DicomWebAnswers.document(response::writeTo, xml));
    }
}
