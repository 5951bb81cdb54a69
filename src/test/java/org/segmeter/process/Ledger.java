package org.segmeter.process;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What clients were promised, and the checkers that hold the database and the store to it. */
final class Ledger {

    /** Refusals that say that a submission cannot be taken now. */
    private static final Set<Integer> NOT_NOW = Set.of(409, 429, 503);

    private final Set<Integer> explained = new HashSet<>(NOT_NOW);
    private final Set<UUID> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicInteger withoutAnswer = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();

    /** Where the bytes of a stored file are. */
    interface Objects {
        InputStream open(String sha256) throws IOException;

        /** Of a directory as the service lays out files by their SHA-256. */
        static Objects below(Path blobs) {
            return sha256 ->
                    Files.newInputStream(blobs.resolve(sha256.substring(0, 2)).resolve(sha256.substring(2)));
        }
    }

    /** What the checkers found. */
    record Verdict(
            int acknowledged,
            int withoutAnswer,
            int refused,
            int lost,
            int unfinished,
            int duplicates,
            int withoutResult,
            int damagedObjects,
            int evaluations,
            int quarantined) {

        boolean isClean() {
            return lost == 0 && unfinished == 0 && duplicates == 0 && withoutResult == 0 && damagedObjects == 0;
        }
    }

    /**
     * What became of a submission.
     *
     * @param status 0 if there was no answer
     * @param location of the evaluation; empty if none was acknowledged
     */
    record Answer(int status, String location) {
        boolean isAcknowledged() {
            return !location.isEmpty();
        }
    }

    /** Faults of this run explain such refusals too. */
    Ledger alsoExpecting(int status) {
        explained.add(status);
        return this;
    }

    /** Sends a submission and notes what was promised. */
    Answer submit(HttpClient http, HttpRequest request) throws InterruptedException {
        try {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 202) {
                refused(answer);
                return new Answer(answer.statusCode(), "");
            }
            String location = answer.headers().firstValue("Location").orElseThrow();
            acknowledged(location);
            return new Answer(202, location);
        } catch (IOException e) {
            withoutAnswer();
            return new Answer(0, "");
        }
    }

    void acknowledged(String location) {
        acknowledged.add(UUID.fromString(location.substring(location.lastIndexOf('/') + 1)));
    }

    void withoutAnswer() {
        withoutAnswer.incrementAndGet();
    }

    /**
     * Counts a refusal that a fault explains.
     *
     * @throws IllegalStateException if the service refuses for any other reason than that it cannot take the submission now
     */
    void refused(HttpResponse<String> answer) {
        if (!explained.contains(answer.statusCode())) {
            throw new IllegalStateException("refused with " + answer.statusCode() + ": " + answer.body());
        }
        refused.incrementAndGet();
    }

    /** Evaluations that are not in a final state. */
    static int unfinished(Connection database) throws SQLException {
        return number(database, "select count(*) from evaluation where state in ('QUEUED', 'RUNNING')");
    }

    /**
     * total-queue: every acknowledged id is there and ended; unique results: no evaluation ended twice, none that succeeded lacks its
     * scorecard; referenced objects exist and hash.
     */
    Verdict check(Connection database, Objects objects) throws SQLException, IOException {
        Map<UUID, String> states = new HashMap<>();
        Set<String> files = new HashSet<>();
        try (Statement statement = database.createStatement()) {
            try (ResultSet rows = statement.executeQuery("select id, state from evaluation")) {
                while (rows.next()) {
                    states.put(rows.getObject(1, UUID.class), rows.getString(2));
                }
            }
            try (ResultSet rows = statement.executeQuery("select distinct b.sha256 from blob b"
                    + " join evaluation_input i using (sha256) where b.condition = 'STORED'")) {
                while (rows.next()) {
                    files.add(rows.getString(1));
                }
            }
        }
        int lost = 0;
        int unfinished = 0;
        for (UUID id : acknowledged) {
            String state = states.get(id);
            lost += state == null ? 1 : 0;
            unfinished += "QUEUED".equals(state) || "RUNNING".equals(state) ? 1 : 0;
        }
        int duplicates = number(
                database,
                "select count(*) from (select evaluation_id from evaluation_event"
                        + " where state in ('SUCCEEDED', 'FAILED', 'CANCELLED') group by 1 having count(*) > 1) d");
        int withoutResult = number(
                database,
                "select count(*) from evaluation e where state = 'SUCCEEDED'"
                        + " and not exists (select 1 from scorecard s where s.evaluation_id = e.id)");
        int quarantined = number(database, "select count(*) from evaluation where problem_slug = 'quarantined'");
        int damaged = 0;
        for (String sha256 : files) {
            try (InputStream in = objects.open(sha256)) {
                damaged += digest(in).equals(sha256) ? 0 : 1;
            } catch (IOException e) {
                damaged++;
            }
        }
        return new Verdict(
                acknowledged.size(),
                withoutAnswer.get(),
                refused.get(),
                lost,
                unfinished,
                duplicates,
                withoutResult,
                damaged,
                states.size(),
                quarantined);
    }

    static int number(Connection database, String query) throws SQLException {
        try (Statement statement = database.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static String digest(InputStream in) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            try (DigestInputStream hashing = new DigestInputStream(in, digest)) {
                hashing.transferTo(java.io.OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
