package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Acceptance;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Evaluation;
import org.segmeter.evaluation.EvaluationQuery;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.LossDocument;
import org.segmeter.evaluation.LossDocuments;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ResultCheck;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.Side;
import org.segmeter.evaluation.State;
import org.segmeter.evaluation.StoredScorecard;
import org.segmeter.evaluation.Submission;
import org.segmeter.evaluation.Unreadable;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.UriComponentsBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /api/v1/evaluations}: submit, look, list, cancel. */
@RestController
@RequestMapping("/api/v1/evaluations")
final class EvaluationController {

    static final String INPUTS_LOST = "The store no longer has the inputs as they were received.";

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST_LISTED = 1000;
    private static final Set<String> PARAMETERS =
            Set.of("model", "version", "case", "state", "from", "to", "limit", "cursor");

    private final Evaluations evaluations;
    private final LossDocuments losses;
    private final EvaluationResource resource;
    private final ResultCheck check;
    private final BlobStore store;
    private final RequestReading requests;
    private final KeysInUse keysInUse;
    private final UploadAdmission admission;
    private final DicomWebSides elsewhere;
    private final WebSettings settings;
    private final ServiceMetrics metrics;
    private final JsonMapper json;

    EvaluationController(
            Evaluations evaluations,
            LossDocuments losses,
            EvaluationResource resource,
            ResultCheck check,
            BlobStore store,
            RequestReading requests,
            KeysInUse keysInUse,
            UploadAdmission admission,
            DicomWebSides elsewhere,
            WebSettings settings,
            ServiceMetrics metrics,
            JsonMapper json) {
        this.evaluations = evaluations;
        this.losses = losses;
        this.resource = resource;
        this.check = check;
        this.store = store;
        this.requests = requests;
        this.keysInUse = keysInUse;
        this.admission = admission;
        this.elsewhere = elsewhere;
        this.settings = settings;
        this.metrics = metrics;
        this.json = json;
    }

    @PostMapping
    ResponseEntity<byte[]> submit(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        Acceptance acceptance;
        try (KeysInUse.Use use = keysInUse.begin(KeyHeader.read(http.getHeaders(KeyHeader.NAME)));
                UploadAdmission.Slot slot = admission.admit(http);
                KeysInUse.Hold hold = keysInUse.hold(use);
                Upload upload = Upload.receive(http, store, settings.upload(), slot, metrics, elsewhere)) {
            Submission submission = submission(upload);
            Optional<Acceptance> before = evaluations.known(use.key(), submission);
            if (before.isPresent()) {
                acceptance = before.get();
            } else {
                acceptance = evaluations.submit(submission, () -> upload.keep(metrics), use.key(), asksForFresh(http));
            }
        }
        return switch (acceptance) {
            case Acceptance.Accepted made -> accepted(http, made.id(), made.evaluation(), new HttpHeaders());
            case Acceptance.Replayed known -> {
                metrics.replayed(ServiceMetrics.Replay.HIT);
                if (evaluations.find(known.id()).isEmpty()) {
                    throw new ProblemException(
                            ServiceProblem.EVALUATION_REMOVED,
                            "The evaluation that was accepted under this key was removed.");
                }
                HttpHeaders replayed = new HttpHeaders();
                replayed.set("Idempotent-Replayed", "true");
                yield accepted(http, known.id(), null, replayed);
            }
            case Acceptance.OtherContent ignored -> {
                metrics.replayed(ServiceMetrics.Replay.MISMATCH);
                throw new ProblemException(
                        ServiceProblem.IDEMPOTENCY_KEY_REUSED,
                        "Under this key another submission was accepted; nothing was stored.");
            }
        };
    }

    /** {@code Cache-Control: no-cache} (RFC 9111 section 5.2.1.4): no answer that was made before. */
    private static boolean asksForFresh(HttpServletRequest http) {
        return java.util.Collections.list(http.getHeaders(HttpHeaders.CACHE_CONTROL)).stream()
                .flatMap(field -> java.util.Arrays.stream(field.split(",", -1)))
                .anyMatch(directive -> directive.strip().equalsIgnoreCase("no-cache"));
    }

    private ResponseEntity<byte[]> accepted(
            HttpServletRequest http, UUID id, @Nullable Evaluation known, HttpHeaders headers)
            throws InterruptedException {
        Optional<Duration> wait = Preference.waiting(http.getHeaders("Prefer"), settings.maxWait());
        if (wait.isPresent()) {
            State state = evaluations.awaitFinal(id, wait.get()).orElse(State.CANCELLED);
            if (state.isFinal()) {
                return finished(id, wait.get(), headers);
            }
        }
        Evaluation evaluation = known != null ? known : find(id.toString());
        // As it was accepted, so that a repeated request is answered with the same bytes.
        byte[] body = resource.bytes(resource.of(evaluation.asAccepted(), null));
        return ResponseEntity.accepted()
                .headers(headers)
                .header("Content-Digest", Digests.of(body))
                .header(HttpHeaders.LOCATION, EvaluationResource.path(evaluation))
                .header(HttpHeaders.RETRY_AFTER, "1")
                .contentType(MediaType.APPLICATION_JSON)
                .body(body);
    }

    @GetMapping
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        EvaluationQuery query = query(http);
        EvaluationQuery.Page page = evaluations.list(query);
        List<Map<String, Object>> items = new ArrayList<>();
        page.evaluations().forEach(evaluation -> items.add(resource.of(evaluation, null)));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("evaluations", items);
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON);
        if (page.next() != null) {
            String cursor = Cursor.encode(page.next());
            body.put("nextCursor", cursor);
            UriComponentsBuilder next = UriComponentsBuilder.fromPath("/api/v1/evaluations");
            List<String> values = new ArrayList<>();
            http.getParameterMap().forEach((name, value) -> {
                if (!name.equals("cursor")) {
                    next.queryParam(name, "{" + name + "}");
                    values.add(value[0]);
                }
            });
            next.queryParam("cursor", cursor);
            answer.header(
                    HttpHeaders.LINK,
                    "<" + next.encode().buildAndExpand(values.toArray()).toUriString() + ">; rel=\"next\"");
        }
        return answer.body(resource.bytes(body));
    }

    @GetMapping("/{id}")
    ResponseEntity<byte[]> get(@PathVariable("id") String id) {
        Evaluation evaluation = find(id);
        StoredScorecard card = evaluation.state() == State.SUCCEEDED
                ? evaluations.scorecard(evaluation.id()).orElse(null)
                : null;
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON);
        if (!evaluation.state().isFinal()) {
            answer.header(HttpHeaders.RETRY_AFTER, "1");
        }
        return answer.body(resource.bytes(resource.of(evaluation, card)));
    }

    @GetMapping("/{id}/scorecard")
    ResponseEntity<byte[]> scorecard(@PathVariable("id") String id, HttpServletRequest http) {
        Evaluation evaluation = find(id);
        StoredScorecard card = evaluations.scorecard(evaluation.id()).orElseThrow(() -> noScorecard(evaluation));
        return unlessKnown(http, card.content(), card.sha256());
    }

    @GetMapping("/{id}/loss")
    ResponseEntity<byte[]> loss(@PathVariable("id") String id, HttpServletRequest http) throws Exception {
        return document(id, LossDocument.Kind.LOSS, http);
    }

    @GetMapping("/{id}/calibration")
    ResponseEntity<byte[]> calibration(@PathVariable("id") String id, HttpServletRequest http) throws Exception {
        return document(id, LossDocument.Kind.CALIBRATION, http);
    }

    @GetMapping("/{id}/fragility")
    ResponseEntity<byte[]> fragility(@PathVariable("id") String id, HttpServletRequest http) throws Exception {
        return document(id, LossDocument.Kind.FRAGILITY, http);
    }

    private ResponseEntity<byte[]> document(String id, LossDocument.Kind kind, HttpServletRequest http)
            throws InputException, InterruptedException {
        Evaluation evaluation = find(id);
        Duration patience = Preference.waiting(http.getHeaders("Prefer"), settings.maxWait())
                .orElse(settings.maxWait());
        return switch (losses.get(evaluation.id(), kind, patience)) {
            case LossDocuments.Outcome.Ready ready ->
                unlessKnown(http, ready.document().content(), ready.document().sha256());
            case LossDocuments.Outcome.Measuring measuring ->
                ResponseEntity.accepted()
                        .header(HttpHeaders.LOCATION, EvaluationResource.path(evaluation) + "/" + kind.word())
                        .header(HttpHeaders.RETRY_AFTER, "5")
                        .contentType(MediaType.APPLICATION_JSON)
                        .body(resource.bytes(resource.of(evaluation, null)));
            case LossDocuments.Outcome.NoScorecard none -> throw noScorecard(evaluation);
            case LossDocuments.Outcome.TooLong tooLong ->
                throw new ProblemException(Problem.of(
                                ServiceProblem.TIMEOUT,
                                "The losses took longer than the %s s that this installation allows."
                                        .formatted(tooLong.limit().toMillis() / 1000.0))
                        .with("limitSeconds", tooLong.limit().toMillis() / 1000.0)
                        .about(evaluation.id()));
            case Unreadable why ->
                throw unreadable(
                        evaluation,
                        why,
                        "The losses were not measured while the inputs were kept.",
                        INPUTS_LOST,
                        "The losses could not be measured now; try again later.");
        };
    }

    /** What is said where the inputs of an evaluation cannot be read for somebody. */
    static ProblemException unreadable(
            Evaluation evaluation, Unreadable why, String removed, String lost, String unavailable) {
        return switch (why) {
            case Unreadable.Refused refused ->
                new ProblemException(Problem.of(refused.reason()).about(evaluation.id()));
            case Unreadable.Gone gone ->
                new ProblemException(Problem.of(
                                gone.removed() ? ServiceProblem.INPUTS_REMOVED : ServiceProblem.INPUTS_LOST,
                                gone.removed() ? removed : lost)
                        .about(evaluation.id()));
            case Unreadable.Unavailable never ->
                new ProblemException(ServiceProblem.UNAVAILABLE, unavailable).header(HttpHeaders.RETRY_AFTER, "5");
        };
    }

    static ProblemException noScorecard(Evaluation evaluation) {
        return new ProblemException(
                Problem.of(ServiceProblem.NO_SCORECARD, "The evaluation is %s.".formatted(evaluation.state()))
                        .with("state", evaluation.state().name())
                        .about(evaluation.id()));
    }

    /** Content that never changes, or that the client has it. */
    private static ResponseEntity<byte[]> unlessKnown(HttpServletRequest http, String content, String sha256) {
        return Tagged.unlessKnown(
                http,
                "\"" + sha256 + "\"",
                () -> ResponseEntity.ok().headers(ofContent(sha256)).body(content.getBytes(StandardCharsets.UTF_8)));
    }

    @GetMapping("/{id}/verify")
    ResponseEntity<byte[]> verify(@PathVariable("id") String id) throws IOException, InterruptedException {
        ResultCheck.Report report = check.of(id(id)).orElseThrow(EvaluationController::absent);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", report.evaluation().toString());
        body.put("verified", report.isVerified());
        if (report.removedAt() != null) {
            body.put("removedAt", report.removedAt().toString());
        }
        List<Map<String, Object>> checks = new ArrayList<>();
        for (ResultCheck.Finding finding : report.findings()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("part", finding.part());
            one.put("outcome", finding.outcome().name());
            if (finding.found() != null) {
                one.put("found", finding.found());
            }
            if (finding.expected() != null) {
                one.put("expected", finding.expected());
            }
            checks.add(one);
        }
        body.put("checks", checks);
        if (report.sequence() != null && report.linkSha256() != null) {
            body.put("link", Map.of("sequence", report.sequence(), "sha256", report.linkSha256()));
        }
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(resource.bytes(body));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<byte[]> delete(@PathVariable("id") String id) {
        UUID known = id(id);
        return switch (evaluations.cancelOrRemove(known)) {
            case REMOVED -> ResponseEntity.noContent().build();
            case CANCELLED ->
                ResponseEntity.ok()
                        .contentType(MediaType.APPLICATION_JSON)
                        .body(resource.bytes(resource.of(find(id), null)));
            case CANCELLING ->
                ResponseEntity.accepted()
                        .header(HttpHeaders.LOCATION, "/api/v1/evaluations/" + known)
                        .header(HttpHeaders.RETRY_AFTER, "1")
                        .contentType(MediaType.APPLICATION_JSON)
                        .body(resource.bytes(resource.of(find(id), null)));
            case ABSENT -> throw absent();
        };
    }

    private Submission submission(Upload upload) throws InputException {
        String text = upload.request();
        RequestReading.Request request = requests.read(text);
        return new Submission(
                upload.blobs(Side.PREDICTION),
                upload.blobs(Side.REFERENCE),
                upload.blobs(Side.MASK),
                upload.blobs(Side.IMAGE),
                request.description(),
                request.protocols(),
                text);
    }

    private ResponseEntity<byte[]> finished(UUID id, Duration waited, HttpHeaders headers) {
        Evaluation evaluation = find(id.toString());
        String location = EvaluationResource.path(evaluation);
        headers.set(HttpHeaders.LOCATION, location);
        headers.set("Preference-Applied", "wait=" + waited.toSeconds());
        Optional<StoredScorecard> card = evaluations.scorecard(id);
        if (card.isPresent()) {
            headers.addAll(ofContent(card.get().sha256()));
            headers.set(HttpHeaders.CONTENT_LOCATION, location + "/scorecard");
            return ResponseEntity.ok()
                    .headers(headers)
                    .body(card.get().content().getBytes(StandardCharsets.UTF_8));
        }
        String problem = evaluation.problem();
        if (problem != null) {
            JsonNode document = json.readTree(problem);
            headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
            return ResponseEntity.status(document.path("status").asInt(422))
                    .headers(headers)
                    .body(problem.getBytes(StandardCharsets.UTF_8));
        }
        headers.setContentType(MediaType.APPLICATION_JSON);
        headers.set(HttpHeaders.CONTENT_LOCATION, location);
        return ResponseEntity.ok().headers(headers).body(resource.bytes(resource.of(evaluation, null)));
    }

    private static HttpHeaders ofContent(String sha256) {
        HttpHeaders headers = new HttpHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        headers.setETag("\"" + sha256 + "\"");
        headers.set("Repr-Digest", Digests.field(sha256));
        headers.set("Content-Digest", Digests.field(sha256));
        headers.setCacheControl(Tagged.ASK_AGAIN);
        return headers;
    }

    private Evaluation find(String id) {
        return evaluations.find(id(id)).orElseThrow(EvaluationController::absent);
    }

    static UUID id(String text) {
        if (text.length() == 36) {
            try {
                return UUID.fromString(text);
            } catch (IllegalArgumentException e) {
                throw absent();
            }
        }
        throw absent();
    }

    static ProblemException absent() {
        return new ProblemException(
                ServiceProblem.EVALUATION_NOT_FOUND, "No evaluation has this id; it was removed or never existed.");
    }

    private static EvaluationQuery query(HttpServletRequest http) {
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            if (!PARAMETERS.contains(parameter.getKey())) {
                String name = parameter.getKey();
                throw invalid(
                        name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?",
                        "is not known; there are case, cursor, from, limit, model, state, to and version");
            }
            if (parameter.getValue().length != 1) {
                throw invalid(parameter.getKey(), "is there more than once");
            }
        }
        String cursor = http.getParameter("cursor");
        return new EvaluationQuery(
                text(http, "model"),
                text(http, "version"),
                text(http, "case"),
                state(http.getParameter("state")),
                time(http, "from"),
                time(http, "to"),
                cursor == null ? null : Cursor.decode(cursor),
                limit(http.getParameter("limit")));
    }

    private static @Nullable String text(HttpServletRequest http, String name) {
        String value = http.getParameter(name);
        if (value != null && (value.isEmpty() || value.length() > 200 || value.indexOf('\0') >= 0)) {
            throw invalid(name, "has 1 to 200 characters");
        }
        return value;
    }

    private static @Nullable State state(@Nullable String value) {
        if (value == null) {
            return null;
        }
        try {
            return State.valueOf(value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("state", "is QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED");
        }
    }

    private static @Nullable Instant time(HttpServletRequest http, String name) {
        String value = http.getParameter(name);
        if (value == null) {
            return null;
        }
        try {
            Instant instant = OffsetDateTime.parse(value).toInstant();
            if (instant.isAfter(Instant.parse("0001-01-01T00:00:00Z"))
                    && instant.isBefore(Instant.parse("9999-01-01T00:00:00Z"))) {
                return instant;
            }
        } catch (DateTimeParseException e) {
            // falls through to the refusal
        }
        throw invalid(name, "is a time with its offset, such as 2026-01-31T12:00:00Z (a + is written %2B)");
    }

    private static int limit(@Nullable String value) {
        if (value == null) {
            return DEFAULT_LIMIT;
        }
        try {
            int limit = Integer.parseInt(value);
            if (limit >= 1 && limit <= MOST_LISTED) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // falls through to the refusal
        }
        throw invalid("limit", "is a number from 1 to " + MOST_LISTED);
    }

    private static ProblemException invalid(String parameter, String rule) {
        return new ProblemException(
                Problem.of(ServiceProblem.INVALID_PARAMETER, "The parameter '%s' %s.".formatted(parameter, rule))
                        .with("parameter", parameter));
    }
}
