package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.FilterChain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A deed whose process is killed before it answers has an event all the same; one that is answered has one event. */
class AuditNotesTest {

    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path directory;

    private Path trail() {
        return directory.resolve("audit");
    }

    private Path begun() {
        return directory.resolve("audit-begun");
    }

    /** Sends a request through both filters; {@code deed} is what it does. */
    private MockHttpServletResponse send(String method, FilterChain deed) throws Exception {
        MockHttpServletResponse response = new MockHttpServletResponse();
        try (AuditTrail written = new AuditTrail(trail(), 100_000)) {
            Audit audit = new Audit(written, new AuditNotes(begun()), JSON);
            AuditNoting noting = new AuditNoting(audit);
            MockHttpServletRequest request = new MockHttpServletRequest(method, "/api/v1/keys");
            request.addHeader("X-Request-Id", "r-1");
            audit.doFilter(request, response, (asked, answered) -> noting.doFilter(asked, answered, deed));
        }
        return response;
    }

    /** What the next process on a directory finds. */
    private static List<JsonNode> afterwards(Path where) throws IOException {
        try (AuditTrail trail = new AuditTrail(where.resolve("audit"), 100_000)) {
            new AuditNotes(where.resolve("audit-begun")).recover(trail, JSON);
        }
        assertThat(AuditTrail.verify(where.resolve("audit"))).isEmpty();
        assertThat(files(where.resolve("audit-begun"))).isEmpty();
        List<JsonNode> events = new ArrayList<>();
        for (Path file : files(where.resolve("audit"))) {
            Files.readAllLines(file).forEach(line -> events.add(JSON.readTree(line)));
        }
        return events;
    }

    private static List<Path> files(Path where) throws IOException {
        try (Stream<Path> all = Files.list(where)) {
            return all.toList();
        }
    }

    @Test
    void whoIsKilledBetweenADeedAndItsEventLeavesWhatTheEventIsMadeOf(@TempDir Path killed) throws Exception {
        send("POST", (request, response) -> {
            // As the disk is at this moment, when the deed is done and nothing is answered.
            FileSystemUtils.copyRecursively(directory, killed);
            response.getWriter().write("done");
        });
        assertThat(afterwards(killed)).singleElement().satisfies(event -> {
            assertThat(event.path("outcome").asString()).isEqualTo("8");
            assertThat(event.path("outcomeDesc").asString()).contains("ended before it answered");
            assertThat(event.path("action").asString()).isEqualTo("C");
            assertThat(event.at("/entity/0/what/identifier/value").asString()).isEqualTo("POST /api/v1/keys");
            assertThat(event.at("/entity/2/what/identifier/value").asString()).isEqualTo("r-1");
            assertThat(event.has("meta"))
                    .as("of no profile, which are of what succeeded")
                    .isFalse();
        });
        assertThat(afterwards(directory))
                .singleElement()
                .satisfies(event -> assertThat(event.path("outcome").asString()).isEqualTo("0"));
    }

    @Test
    void whatChangesNothingLeavesNoNoteAndHalfANoteIsNone() throws Exception {
        send("GET", (request, response) -> assertThat(files(begun())).isEmpty());
        Files.writeString(begun().resolve("half.json"), "{\"resourceType\":\"Audi");
        assertThat(afterwards(directory)).hasSize(1);
    }

    @Test
    void whatFailsHasOneEvent() throws Exception {
        try {
            send("DELETE", (request, response) -> {
                throw new IllegalStateException("on purpose");
            });
        } catch (IllegalStateException e) {
            // as the container sees it
        }
        assertThat(afterwards(directory))
                .singleElement()
                .satisfies(event ->
                        assertThat(event.path("outcomeDesc").asString()).isEqualTo("500"));
    }
}
