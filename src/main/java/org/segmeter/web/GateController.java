package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.Gate;
import org.segmeter.analytics.GateRun;
import org.segmeter.analytics.Gates;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** {@code /api/v1/gates}: rules for build jobs, and a verdict that a shell understands. */
@RestController
@RequestMapping("/api/v1/gates")
final class GateController {

    static final String JUNIT = "application/junit+xml";
    static final String MARKDOWN = "text/markdown";
    private static final int MOST_RUNS = 100;

    private final Gates gates;
    private final JsonMapper json;

    GateController(Gates gates, JsonMapper json) {
        this.gates = gates;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> list() {
        return answer(200, Map.of("gates", gates.list()));
    }

    @GetMapping("/{gate}")
    ResponseEntity<byte[]> get(@PathVariable("gate") String id) {
        return answer(200, find(id));
    }

    @PutMapping("/{gate}")
    ResponseEntity<byte[]> put(@PathVariable("gate") String id, HttpServletRequest http)
            throws IOException, InputException {
        if (!id.matches("[a-z0-9][a-z0-9._-]{0,62}")) {
            throw AnalyticsParameters.wrong(
                    "gate",
                    "has a name of 1 to 63 small letters, digits, points, dashes and underscores in its address");
        }
        try {
            boolean added = gates.put(id, Gate.Document.parse(JsonBody.read(http)));
            ResponseEntity<byte[]> answer = answer(added ? 201 : 200, find(id));
            return added
                    ? ResponseEntity.status(201)
                            .header(HttpHeaders.LOCATION, "/api/v1/gates/" + id)
                            .contentType(MediaType.APPLICATION_JSON)
                            .body(answer.getBody())
                    : answer;
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.wrong(e.parameter(), e.rule());
        }
    }

    @DeleteMapping("/{gate}")
    ResponseEntity<byte[]> delete(@PathVariable("gate") String id) {
        if (!gates.remove(id)) {
            throw absent();
        }
        return ResponseEntity.noContent().build();
    }

    @PostMapping("/{gate}/runs")
    ResponseEntity<byte[]> run(@PathVariable("gate") String id, HttpServletRequest http)
            throws IOException, InputException {
        Gate gate = find(id);
        GateRun run;
        try {
            run = gates.start(gate, JsonBody.read(http));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.wrong(e.parameter(), e.rule());
        }
        boolean running = run.verdict() == null;
        ResponseEntity.BodyBuilder answer = ResponseEntity.status(running ? 202 : 200)
                .header(HttpHeaders.LOCATION, path(run))
                .contentType(MediaType.APPLICATION_JSON);
        if (running) {
            answer.header(HttpHeaders.RETRY_AFTER, "2");
        }
        return answer.body(json.writeValueAsBytes(document(run)));
    }

    @GetMapping("/{gate}/runs")
    ResponseEntity<byte[]> runs(@PathVariable("gate") String id) {
        Gate gate = find(id);
        return answer(
                200,
                Map.of(
                        "runs",
                        gates.runs(gate.id(), MOST_RUNS).stream()
                                .map(GateController::document)
                                .toList()));
    }

    @GetMapping("/{gate}/runs/{run}")
    ResponseEntity<byte[]> run(
            @PathVariable("gate") String id, @PathVariable("run") String runId, HttpServletRequest http) {
        GateRun run = find(id, runId);
        return rendered(run, http, 200, document(run));
    }

    @GetMapping("/{gate}/runs/{run}/verdict")
    ResponseEntity<byte[]> verdict(
            @PathVariable("gate") String id, @PathVariable("run") String runId, HttpServletRequest http) {
        GateRun run = find(id, runId);
        if (run.verdict() == null) {
            return ResponseEntity.accepted()
                    .header(HttpHeaders.RETRY_AFTER, "2")
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(json.writeValueAsBytes(document(run)));
        }
        if (run.verdict().equals("PASS")) {
            return rendered(run, http, 200, document(run));
        }
        if (wants(http, JUNIT) || wants(http, MARKDOWN)) {
            return rendered(run, http, 409, Map.of());
        }
        List<GateRun.Check> violations = run.violations();
        throw new ProblemException(Problem.of(
                        ServiceProblem.GATE_FAILED,
                        "%d of %d checks do not hold; the first: %s%s. %s"
                                .formatted(
                                        violations.size(),
                                        run.checks() == null ? 0 : run.checks().size(),
                                        violations.getFirst().rule(),
                                        violations.getFirst().structure() == null
                                                ? ""
                                                : " for "
                                                        + violations.getFirst().structure(),
                                        violations.getFirst().detail()))
                .with("verdict", "FAIL")
                .with("gate", run.gate())
                .with("instance", path(run))
                .with("violations", violations));
    }

    private ResponseEntity<byte[]> rendered(GateRun run, HttpServletRequest http, int status, Object document) {
        if (run.verdict() != null && wants(http, JUNIT)) {
            return ResponseEntity.status(status)
                    .header(HttpHeaders.CONTENT_TYPE, JUNIT + ";charset=UTF-8")
                    .body(AnalyticsParameters.utf8(GateReport.junit(run)));
        }
        if (run.verdict() != null && wants(http, MARKDOWN)) {
            return ResponseEntity.status(status)
                    .header(HttpHeaders.CONTENT_TYPE, MARKDOWN + ";charset=UTF-8")
                    .body(AnalyticsParameters.utf8(GateReport.markdown(run)));
        }
        return answer(status, document);
    }

    private static boolean wants(HttpServletRequest http, String type) {
        String accept = http.getHeader(HttpHeaders.ACCEPT);
        return accept != null && accept.toLowerCase(Locale.ROOT).contains(type);
    }

    private static Map<String, @Nullable Object> document(GateRun run) {
        Map<String, @Nullable Object> document = new LinkedHashMap<>();
        document.put("id", run.id().toString());
        document.put("gate", run.gate());
        document.put("gateVersion", run.gateVersion());
        document.put("subject", run.subject());
        document.put("state", run.state());
        document.put("createdAt", run.createdAt().toString());
        if (run.finishedAt() != null) {
            document.put("finishedAt", run.finishedAt().toString());
        }
        if (run.verdict() != null) {
            document.put("verdict", run.verdict());
            document.put("violations", run.violations());
            document.put("checks", run.checks());
        }
        document.put("links", Map.of("self", path(run), "verdict", path(run) + "/verdict"));
        return document;
    }

    private static String path(GateRun run) {
        return "/api/v1/gates/" + run.gate() + "/runs/" + run.id();
    }

    private Gate find(String id) {
        return gates.find(id).orElseThrow(GateController::absent);
    }

    private GateRun find(String gate, String run) {
        if (run.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")) {
            return gates.run(find(gate).id(), UUID.fromString(run)).orElseThrow(GateController::absent);
        }
        throw absent();
    }

    private static ProblemException absent() {
        return new ProblemException(ServiceProblem.GATE_NOT_FOUND, "No gate or run has this name.");
    }

    private ResponseEntity<byte[]> answer(int status, Object body) {
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(body));
    }
}
