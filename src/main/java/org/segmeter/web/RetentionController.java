package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.Rescoring;
import org.segmeter.evaluation.Retention;
import org.segmeter.evaluation.ServiceProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** What is kept for how long, and what can still be done with what is kept. */
@RestController
final class RetentionController {

    private final Retention retention;
    private final Evaluations evaluations;
    private final EvaluationResource resource;
    private final UploadAdmission admission;

    RetentionController(
            Retention retention, Evaluations evaluations, EvaluationResource resource, UploadAdmission admission) {
        this.retention = retention;
        this.evaluations = evaluations;
        this.resource = resource;
        this.admission = admission;
    }

    /** A dry run: what retention would remove now. */
    @GetMapping("/api/v1/retention")
    ResponseEntity<byte[]> due() {
        List<Map<String, Object>> classes = new ArrayList<>();
        for (Retention.Due due : retention.due()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("class", due.kind().word());
            if (due.kept() != null) {
                entry.put("keepSeconds", due.kept().toSeconds());
            }
            entry.put("due", due.due());
            if (due.kind() == Retention.Kind.INPUTS) {
                entry.put("bytes", due.bytes());
            }
            if (due.oldest() != null) {
                entry.put("oldest", due.oldest().toString());
            }
            classes.add(entry);
        }
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(resource.bytes(Map.of("classes", classes)));
    }

    @PostMapping("/api/v1/evaluations/{id}/rescore")
    ResponseEntity<byte[]> rescore(@PathVariable("id") String id, HttpServletRequest http) throws IOException {
        UUID known = EvaluationController.id(id);
        ProblemException notNow = admission.refusal(http);
        if (notNow != null) {
            throw notNow;
        }
        if (http.getInputStream().read() >= 0) {
            throw new ProblemException(
                    ServiceProblem.BAD_REQUEST,
                    "Scoring once more takes no body: files and request are those of the evaluation. To have them"
                            + " scored otherwise, submit them with another request.");
        }
        return switch (evaluations.rescore(known)) {
            case Rescoring.Accepted accepted -> {
                Evaluation evaluation = evaluations.find(accepted.id()).orElseThrow(EvaluationController::absent);
                yield ResponseEntity.accepted()
                        .header(HttpHeaders.LOCATION, EvaluationResource.path(evaluation))
                        .header(HttpHeaders.RETRY_AFTER, "1")
                        .contentType(MediaType.APPLICATION_JSON)
                        .body(resource.bytes(resource.of(evaluation.asAccepted(), null)));
            }
            case Rescoring.Refused refused ->
                throw new ProblemException(Problem.of(
                                refused.why(),
                                "The inputs of the evaluation are not stored any more; its result stays.")
                        .about(known));
            case Rescoring.Absent ignored -> throw EvaluationController.absent();
        };
    }
}
