package org.segmeter.backup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.evaluation.Blob;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a backup holds.
 *
 * @param schema number of the migration that the tables were made by
 * @param objects how many files
 * @param bytes of them together
 * @param objectsSha256 digest of {@code objects.txt}
 * @param absent files that the store did not have, or not as they were, when the backup was made
 */
public record Manifest(
        String createdAt,
        String schema,
        String installation,
        List<Table> tables,
        long objects,
        long bytes,
        String objectsSha256,
        List<String> absent) {

    static final int FORMAT = 1;

    /** The rows of one table. */
    public record Table(String name, String columns, long rows, String sha256) {}

    void write(BackupPlace place) throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("format", FORMAT)
                .put("createdAt", createdAt)
                .put("schema", schema)
                .put("installation", installation)
                .put("objects", objects)
                .put("bytes", bytes)
                .put("objectsSha256", objectsSha256);
        absent.forEach(json.putArray("absent")::add);
        for (Table table : tables) {
            json.withArray("tables")
                    .addObject()
                    .put("name", table.name())
                    .put("columns", table.columns())
                    .put("rows", table.rows())
                    .put("sha256", table.sha256());
        }
        byte[] bytes = json.toPrettyString().getBytes(StandardCharsets.UTF_8);
        Files.write(place.path(BackupPlace.MANIFEST), bytes);
        // The last file: without it the backup is unfinished.
        Files.writeString(place.path(BackupPlace.SEAL), Blob.digest(new java.io.ByteArrayInputStream(bytes)) + "\n");
    }

    /** @throws BackupRefused if it is missing, unfinished, damaged, or of a later version */
    static Manifest read(BackupPlace place) throws IOException {
        Path file = place.path(BackupPlace.MANIFEST);
        try {
            String seal = Files.readString(place.path(BackupPlace.SEAL)).strip();
            if (!BackupPlace.digest(file).equals(seal)) {
                throw new BackupRefused("The manifest of the backup is damaged.");
            }
        } catch (NoSuchFileException e) {
            throw new BackupRefused("This is no backup, or one that was not finished: it has no manifest.");
        }
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(file));
            if (json.path("format").asInt() != FORMAT) {
                throw new BackupRefused(
                        "The backup has the format " + json.path("format") + "; this version reads " + FORMAT + ".");
            }
            List<Table> tables = new ArrayList<>();
            for (JsonNode table : json.path("tables")) {
                tables.add(new Table(
                        table.path("name").asString(),
                        table.path("columns").asString(),
                        table.path("rows").asLong(),
                        table.path("sha256").asString()));
            }
            List<String> absent = new ArrayList<>();
            json.path("absent").forEach(name -> absent.add(name.asString()));
            return new Manifest(
                    json.path("createdAt").asString(),
                    json.path("schema").asString(),
                    json.path("installation").asString(),
                    tables,
                    json.path("objects").asLong(),
                    json.path("bytes").asLong(),
                    json.path("objectsSha256").asString(),
                    absent);
        } catch (JacksonException e) {
            throw new BackupRefused("The manifest of the backup is damaged.");
        }
    }
}
