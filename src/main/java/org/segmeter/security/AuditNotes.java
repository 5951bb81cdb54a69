package org.segmeter.security;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Notes of requests that may change something, each a file until its event is in the audit trail: a process that is killed after a deed and
 * before its event leaves the note, and the next one makes the event of it. A note is there when the process is gone; it is not forced to
 * the disk, which may lose it with the machine's power.
 */
final class AuditNotes {

    private static final Logger log = LoggerFactory.getLogger(AuditNotes.class);

    /** FHIR R4, AuditEvent.outcome: serious failure. */
    private static final String FAILED = "8";

    private final Path directory;

    AuditNotes(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
    }

    /**
     * @param event JSON of an AuditEvent without its outcome
     * @throws UncheckedIOException if it cannot be written: then nothing must be done
     */
    Path write(String event) {
        try {
            return Files.writeString(
                    directory.resolve(UUID.randomUUID() + ".json"), event, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its event is in the trail. */
    static void done(Path note) {
        try {
            Files.deleteIfExists(note);
        } catch (IOException e) {
            log.warn(
                    "a note of the audit trail could not be removed: {}",
                    e.getClass().getSimpleName());
        }
    }

    /** Writes the events of what was begun when the last process on this directory ended. */
    void recover(AuditTrail trail, JsonMapper json) throws IOException {
        List<Path> left;
        try (Stream<Path> all = Files.list(directory)) {
            left = all.sorted().toList();
        }
        int written = 0;
        for (Path note : left) {
            try {
                JsonNode event = json.readTree(Files.readString(note));
                if (event instanceof ObjectNode known) {
                    known.put("outcome", FAILED);
                    known.put("outcomeDesc", "the service ended before it answered; what was asked for may be done");
                    String text = known.toString();
                    trail.append(text.substring(0, text.length() - 1));
                    written++;
                }
            } catch (JacksonException e) {
                // Half a note: nothing had been done yet.
            }
            done(note);
        }
        if (written > 0) {
            log.warn("{} requests had no answer when the service ended; the audit trail has their events now", written);
        }
    }
}
