package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.batch.Batch;
import org.segmeter.batch.BatchIntake;
import org.segmeter.batch.BatchItem;
import org.segmeter.batch.BatchResults;
import org.segmeter.batch.Batches;
import org.segmeter.batch.InvalidManifest;
import org.segmeter.evaluation.Acceptance;
import org.segmeter.evaluation.EvaluationQuery;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.util.RawValue;

/** {@code /api/v1/batches}: submit many pairs, look how far they are, try the failed ones again, cancel. */
@RestController
@RequestMapping("/api/v1/batches")
final class BatchController {

    private static final int DEFAULT_LIMIT = 100;
    private static final int MOST_LISTED = 1000;
    private static final Set<String> SUBMISSION =
            Set.of("request", "protocol", "threshold", "model", "version", "site");

    private final Batches batches;
    private final BatchResults results;
    private final RequestReading requests;
    private final KeysInUse keysInUse;
    private final UploadAdmission admission;
    private final WebSettings settings;
    private final ServiceMetrics metrics;
    private final JsonMapper json;

    BatchController(
            Batches batches,
            BatchResults results,
            RequestReading requests,
            KeysInUse keysInUse,
            UploadAdmission admission,
            WebSettings settings,
            ServiceMetrics metrics,
            JsonMapper json) {
        this.batches = batches;
        this.results = results;
        this.requests = requests;
        this.keysInUse = keysInUse;
        this.admission = admission;
        this.settings = settings;
        this.metrics = metrics;
        this.json = json;
    }

    @PostMapping
    ResponseEntity<byte[]> submit(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        known(http, SUBMISSION);
        Acceptance acceptance;
        try (KeysInUse.Use use = keysInUse.begin(KeyHeader.read(http.getHeaders(KeyHeader.NAME)));
                UploadAdmission.Slot slot = admission.admitBatch(http);
                KeysInUse.Hold hold = keysInUse.hold(use);
                BatchIntake intake =
                        batches.receive(settings.upload().maxFileSize().toBytes())) {
            // Before the body comes: what is wrong with the options need not wait for gigabytes.
            requests.read(options(http, null));
            String part = BatchUpload.receive(http, intake, settings.upload(), slot, metrics);
            String text = options(http, part);
            RequestReading.Request request = requests.read(text);
            acceptance = batches.submit(intake, request.description(), request.protocols(), text, use.key());
        } catch (InvalidManifest e) {
            throw invalid(e);
        }
        return switch (acceptance) {
            case Acceptance.Accepted made -> accepted(http, made.id(), new HttpHeaders());
            case Acceptance.Replayed before -> {
                metrics.replayed(ServiceMetrics.Replay.HIT);
                HttpHeaders replayed = new HttpHeaders();
                replayed.set("Idempotent-Replayed", "true");
                yield accepted(http, before.id(), replayed);
            }
            case Acceptance.OtherContent ignored -> {
                metrics.replayed(ServiceMetrics.Replay.MISMATCH);
                throw new ProblemException(
                        ServiceProblem.IDEMPOTENCY_KEY_REUSED,
                        "Under this key another submission was accepted; nothing was stored.");
            }
        };
    }

    private static ProblemException invalid(InvalidManifest e) {
        List<Map<String, Object>> errors = new ArrayList<>();
        for (InvalidManifest.Fault fault : e.faults()) {
            Map<String, Object> error = new LinkedHashMap<>();
            error.put("line", fault.line());
            if (!fault.column().isEmpty()) {
                error.put("column", fault.column());
            }
            error.put("message", fault.message());
            errors.add(error);
        }
        Problem problem = Problem.of(
                        ServiceProblem.INVALID_MANIFEST, e.faults().getFirst().text())
                .with("errors", errors);
        return new ProblemException(e.hasMore() ? problem.with("more", true) : problem);
    }

    /** The request of the batch: the JSON that was sent, with what the query says; null if nothing was said. */
    private static @Nullable String options(HttpServletRequest http, @Nullable String part) throws InputException {
        String query = http.getParameter("request");
        if (query != null && part != null) {
            throw new ProblemException(
                    ServiceProblem.BAD_REQUEST, "There is a parameter and a part 'request'; one of them is enough.");
        }
        String text = part == null ? query : part;
        boolean shortcut =
                SUBMISSION.stream().anyMatch(name -> !name.equals("request") && http.getParameter(name) != null);
        if (!shortcut) {
            return text;
        }
        ObjectNode request = JsonNodeFactory.instance.objectNode();
        if (text != null) {
            try {
                if (JsonDocument.read(text) instanceof ObjectNode object) {
                    request = object;
                }
            } catch (JacksonException e) {
                return text; // whoever reads it says what is wrong
            }
        }
        if (http.getParameter("protocol") != null) {
            var ids = request.putArray("protocol");
            for (String id : http.getParameter("protocol").split(",", -1)) {
                ids.add(id.strip());
            }
        }
        if (http.getParameter("threshold") != null) {
            member(request, "prediction").put("threshold", number(http.getParameter("threshold")));
        }
        if (http.getParameter("model") != null) {
            member(request, "model").put("name", http.getParameter("model"));
        }
        if (http.getParameter("version") != null) {
            member(request, "model").put("version", http.getParameter("version"));
        }
        if (http.getParameter("site") != null) {
            request.put("site", http.getParameter("site"));
        }
        return JsonDocument.write(request);
    }

    private static ObjectNode member(ObjectNode request, String name) {
        JsonNode there = request.get(name);
        return there instanceof ObjectNode object ? object : request.putObject(name);
    }

    private static double number(String text) throws InputException {
        try {
            double number = Double.parseDouble(text);
            if (Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // falls through to the refusal
        }
        throw new InputException(
                InputProblem.INVALID_REQUEST, "The parameter 'threshold' is no number.", "a text", "a number");
    }

    private ResponseEntity<byte[]> accepted(HttpServletRequest http, UUID id, HttpHeaders headers)
            throws InterruptedException {
        Optional<Duration> wait = Preference.waiting(http.getHeaders("Prefer"), settings.maxWait());
        Batch batch = (wait.isPresent() ? batches.awaitFinal(id, wait.get()) : batches.find(id))
                .orElseThrow(() -> new ProblemException(
                        ServiceProblem.EVALUATION_REMOVED, "The batch that was accepted under this key was removed."));
        headers.set(HttpHeaders.LOCATION, path(batch));
        headers.setContentType(MediaType.APPLICATION_JSON);
        if (wait.isPresent() && batch.state().isFinal()) {
            headers.set("Preference-Applied", "wait=" + wait.get().toSeconds());
            return ResponseEntity.ok().headers(headers).body(bytes(of(batch)));
        }
        headers.set(HttpHeaders.RETRY_AFTER, "1");
        return ResponseEntity.accepted().headers(headers).body(bytes(of(batch)));
    }

    @GetMapping
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        known(http, Set.of("limit", "cursor"));
        String cursor = http.getParameter("cursor");
        EvaluationQuery.Position after = cursor == null ? null : Cursor.decode(cursor);
        Batch.Page page =
                batches.list(after == null ? null : new Batch.Position(after.createdAt(), after.id()), limit(http));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("batches", page.batches().stream().map(BatchController::of).toList());
        if (page.next() != null) {
            body.put(
                    "nextCursor",
                    Cursor.encode(new EvaluationQuery.Position(
                            page.next().createdAt(), page.next().id())));
        }
        return answer(body);
    }

    @GetMapping("/{id}")
    ResponseEntity<byte[]> get(@PathVariable("id") String id) {
        return answer(of(find(id)));
    }

    @GetMapping("/{id}/items")
    ResponseEntity<byte[]> items(@PathVariable("id") String id, HttpServletRequest http) {
        known(http, Set.of("state", "limit", "cursor"));
        return page(id, state(http.getParameter("state")), http);
    }

    @GetMapping("/{id}/failures")
    ResponseEntity<byte[]> failures(@PathVariable("id") String id, HttpServletRequest http) {
        known(http, Set.of("limit", "cursor"));
        return page(id, BatchItem.State.FAILED, http);
    }

    private ResponseEntity<byte[]> page(String id, BatchItem.@Nullable State state, HttpServletRequest http) {
        Batch batch = find(id);
        BatchItem.Page page = batches.items(batch.id(), state, number(http.getParameter("cursor"), 0), limit(http));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("items", page.items().stream().map(BatchController::of).toList());
        if (page.next() != null) {
            body.put("nextCursor", page.next().toString());
        }
        return answer(body);
    }

    @GetMapping("/{id}/events")
    ResponseEntity<StreamingResponseBody> events(
            @PathVariable("id") String id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastSeen) {
        UUID known = find(id).id();
        long after = lastSeen != null && lastSeen.matches("\\d{1,18}") ? Long.parseLong(lastSeen) : 0;
        StreamingResponseBody stream = out -> {
            try {
                write(out, "retry: 2000\n\n");
                batches.follow(known, after, (events, batch) -> {
                    try {
                        for (Batch.Event event : events) {
                            write(out, text(event, batch));
                        }
                        if (!batch.state().isFinal()) {
                            // Without an id of its own: the last one stays what to resume from.
                            write(out, "event: progress\ndata: " + json.writeValueAsString(of(batch)) + "\n\n");
                        }
                        return true;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (UncheckedIOException e) {
                // The client went away; it may come back with Last-Event-ID.
                return;
            }
        };
        return ResponseEntity.ok()
                .contentType(MediaType.TEXT_EVENT_STREAM)
                .header("X-Accel-Buffering", "no")
                .body(stream);
    }

    private String text(Batch.Event event, Batch batch) {
        Map<String, Object> data = event.item() == null ? of(batch) : of(event.item());
        return "id: " + event.sequence() + "\nevent: " + event.kind().word() + "\ndata: "
                + json.writeValueAsString(data) + "\n\n";
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @GetMapping("/{id}/results")
    ResponseEntity<StreamingResponseBody> results(@PathVariable("id") String id, HttpServletRequest http) {
        known(http, Set.of("format"));
        Batch batch = find(id);
        BatchResults.Format format = format(http);
        return ResponseEntity.ok()
                .contentType(MediaType.parseMediaType(
                        format.type() + (format.type().startsWith("text/") ? ";charset=UTF-8" : "")))
                .header(
                        HttpHeaders.CONTENT_DISPOSITION,
                        "attachment; filename=\"batch-" + batch.id() + "." + format.file() + "\"")
                .body(out -> results.write(batch.id(), format, out));
    }

    /** What the parameter says, or else the first that the client accepts. */
    private static BatchResults.Format format(HttpServletRequest http) {
        String word = http.getParameter("format");
        if (word != null) {
            BatchResults.Format format = BatchResults.Format.of(word);
            if (format == null) {
                throw wrong("format", "is csv, wide, jsonl, nnunet or grand-challenge");
            }
            return format;
        }
        String accept = http.getHeader(HttpHeaders.ACCEPT);
        if (accept == null) {
            return BatchResults.Format.CSV;
        }
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", -1)) {
            switch (range.split(";", 2)[0].strip()) {
                case "*/*", "text/*", "text/csv" -> {
                    return BatchResults.Format.CSV;
                }
                case "application/x-ndjson", "application/jsonl" -> {
                    return BatchResults.Format.JSONL;
                }
                case "application/json", "application/*" -> {
                    return BatchResults.Format.GRAND_CHALLENGE;
                }
                default -> {
                    // another one may do
                }
            }
        }
        throw new ProblemException(
                ServiceProblem.NOT_ACCEPTABLE,
                "Results can be text/csv, application/x-ndjson or application/json; the parameter format names them"
                        + " all.");
    }

    @PostMapping("/{id}/retry")
    ResponseEntity<byte[]> retry(@PathVariable("id") String id) {
        UUID known = find(id).id();
        int retried = batches.retry(known).orElseThrow(BatchController::absent);
        Map<String, Object> body = of(find(id));
        body.put("retried", retried);
        return ResponseEntity.accepted()
                .header(HttpHeaders.LOCATION, "/api/v1/batches/" + known)
                .contentType(MediaType.APPLICATION_JSON)
                .body(bytes(body));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<byte[]> delete(@PathVariable("id") String id, HttpServletRequest http) throws InterruptedException {
        known(http, Set.of("evaluations"));
        String evaluations = http.getParameter("evaluations");
        if (evaluations != null && !Set.of("keep", "remove").contains(evaluations)) {
            throw wrong("evaluations", "is keep or remove");
        }
        return switch (batches.cancelOrRemove(find(id).id(), "remove".equals(evaluations))) {
            case ABSENT -> throw absent();
            case REMOVED -> ResponseEntity.noContent().build();
            case CANCELLED -> answer(of(find(id)));
        };
    }

    private static Map<String, Object> of(Batch batch) {
        String self = path(batch);
        Map<String, Object> resource = new LinkedHashMap<>();
        resource.put("id", batch.id().toString());
        resource.put("state", batch.state().name());
        resource.put("createdAt", batch.createdAt().toString());
        if (batch.finishedAt() != null) {
            resource.put("finishedAt", batch.finishedAt().toString());
        }
        if (batch.demo()) {
            resource.put("demo", true);
        }
        resource.put("protocols", batch.protocols());
        Map<String, Object> items = new LinkedHashMap<>();
        items.put("total", batch.items().total());
        items.put("waiting", batch.items().waiting());
        items.put("scoring", batch.items().scoring());
        items.put("succeeded", batch.items().succeeded());
        items.put("failed", batch.items().failed());
        items.put("cancelled", batch.items().cancelled());
        resource.put("items", items);
        resource.put("itemsPerSecond", Math.round(batch.itemsPerSecond() * 100) / 100.0);
        Double eta = batch.etaSeconds();
        if (eta != null) {
            resource.put("etaSeconds", Math.round(eta));
        }
        Map<String, String> links = new LinkedHashMap<>();
        links.put("self", self);
        for (String part : List.of("items", "failures", "events", "results")) {
            links.put(part, self + "/" + part);
        }
        resource.put("links", links);
        return resource;
    }

    private static Map<String, Object> of(BatchItem item) {
        Map<String, Object> resource = new LinkedHashMap<>();
        resource.put("number", item.number());
        resource.put("state", item.state().name());
        EvaluationResource.describe(resource, item.description());
        resource.put("prediction", item.prediction());
        resource.put("reference", item.reference());
        if (!item.mask().isEmpty()) {
            resource.put("mask", item.mask());
        }
        if (item.evaluation() != null) {
            resource.put("evaluation", "/api/v1/evaluations/" + item.evaluation());
        }
        if (item.finishedAt() != null) {
            resource.put("finishedAt", item.finishedAt().toString());
        }
        if (item.problem() != null) {
            resource.put("problem", new RawValue(item.problem()));
        }
        return resource;
    }

    private ResponseEntity<byte[]> answer(Map<String, Object> body) {
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(bytes(body));
    }

    private byte[] bytes(Map<String, Object> body) {
        return json.writeValueAsBytes(body);
    }

    private static String path(Batch batch) {
        return "/api/v1/batches/" + batch.id();
    }

    private Batch find(String id) {
        try {
            return batches.find(EvaluationController.id(id)).orElseThrow(BatchController::absent);
        } catch (ProblemException e) {
            throw absent();
        }
    }

    private static ProblemException absent() {
        return new ProblemException(
                ServiceProblem.BATCH_NOT_FOUND, "No batch has this id; it was removed or never existed.");
    }

    private static void known(HttpServletRequest http, Set<String> names) {
        for (Map.Entry<String, String[]> parameter : http.getParameterMap().entrySet()) {
            String name = parameter.getKey();
            if (!names.contains(name)) {
                throw wrong(
                        name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?",
                        "is not known; there are "
                                + String.join(", ", names.stream().sorted().toList()));
            }
            if (parameter.getValue().length != 1) {
                throw wrong(name, "is there more than once");
            }
        }
    }

    private static BatchItem.@Nullable State state(@Nullable String value) {
        if (value == null) {
            return null;
        }
        try {
            return BatchItem.State.valueOf(value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw wrong("state", "is WAITING, SCORING, SUCCEEDED, FAILED or CANCELLED");
        }
    }

    private static int limit(HttpServletRequest http) {
        int limit = number(http.getParameter("limit"), DEFAULT_LIMIT);
        if (limit < 1 || limit > MOST_LISTED) {
            throw wrong("limit", "is a number from 1 to " + MOST_LISTED);
        }
        return limit;
    }

    private static int number(@Nullable String value, int otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("\\d{1,9}")) {
            throw wrong("limit or cursor", "is a number");
        }
        return Integer.parseInt(value);
    }

    private static ProblemException wrong(String parameter, String rule) {
        return new ProblemException(
                Problem.of(ServiceProblem.INVALID_PARAMETER, "The parameter '%s' %s.".formatted(parameter, rule))
                        .with("parameter", parameter));
    }
}
