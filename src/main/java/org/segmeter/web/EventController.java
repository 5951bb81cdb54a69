package org.segmeter.web;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.Event;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import tools.jackson.databind.json.JsonMapper;

/** What happens to an evaluation, as server-sent events. */
@RestController
final class EventController {

    private final Evaluations evaluations;
    private final JsonMapper json;

    EventController(Evaluations evaluations, JsonMapper json) {
        this.evaluations = evaluations;
        this.json = json;
    }

    @GetMapping("/api/v1/evaluations/{id}/events")
    ResponseEntity<StreamingResponseBody> events(
            @PathVariable("id") String id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastSeen) {
        UUID known = EvaluationController.id(id);
        if (evaluations.find(known).isEmpty()) {
            throw EvaluationController.absent();
        }
        long after = lastSeen != null && lastSeen.matches("\\d{1,18}") ? Long.parseLong(lastSeen) : 0;
        StreamingResponseBody stream = out -> {
            try {
                write(out, "retry: 2000\n\n");
                evaluations.follow(known, after, events -> {
                    try {
                        if (events.isEmpty()) {
                            write(out, ": still there\n\n");
                        }
                        for (Event event : events) {
                            write(out, text(known, event));
                        }
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

    private String text(UUID id, Event event) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("id", id.toString());
        data.put("state", event.state().name());
        if (event.stage() != null) {
            data.put("stage", event.stage());
        }
        data.put("at", event.at().toString());
        return "id: " + event.sequence() + "\nevent: " + (event.stage() == null ? "state" : "stage") + "\ndata: "
                + json.writeValueAsString(data) + "\n\n";
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
