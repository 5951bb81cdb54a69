package org.segmeter.process;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.segmeter.database.TestPostgres;

/**
 * An upgrade under load: a replica of an earlier jar serves a database with many evaluations, a replica of this jar is started beside it
 * and migrates the schema, then the earlier one is drained, all while clients submit. Prints how long the migration took, what clients
 * were answered before, during and after it and how long they waited, and holds database and bucket to what was acknowledged.
 * Arguments: evaluations there beforehand (default 100,000). {@code -Dsegmeter.previous} is the earlier jar. Run by
 * {@code docs/benchmarks.md}, "Migration".
 */
public final class MigrationBenchmark {

    private static final int CLIENTS = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private MigrationBenchmark() {}

    private record Answered(long sentNanos, int status, long nanos) {}

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100_000;
        Path previous = Path.of(System.getProperty("segmeter.previous", ""));
        if (!Files.isRegularFile(previous)) {
            throw new IOException("-Dsegmeter.previous names no jar: build one of an earlier commit"
                    + " (git worktree add ../previous COMMIT && mvn -f ../previous -Dquick package)");
        }
        Path directory = Files.createTempDirectory("segmeter-migration");
        try (TestPostgres database = TestPostgres.start(directory.resolve("database"));
                S3Server bucket = S3Server.start(directory.resolve("buckets"))) {
            List<String> settings = new ArrayList<>(database.settings(database.port(), ""));
            settings.addAll(List.of(bucket.settings()));
            settings.addAll(List.of("--segmeter.workers=1", "--spring.datasource.hikari.maximum-pool-size=10"));
            upgrade(directory, previous, database, bucket, settings.toArray(String[]::new), rows);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(directory);
        }
    }

    private static void upgrade(
            Path directory, Path previous, TestPostgres database, S3Server bucket, String[] settings, int rows)
            throws Exception {
        List<String> jvm = List.of("-Xmx512m");
        Ledger ledger = new Ledger();
        Queue<Answered> answers = new ConcurrentLinkedQueue<>();
        List<JarProcess> serving = new CopyOnWriteArrayList<>();
        HttpClient http = HttpClient.newHttpClient();
        Volumes volumes = new Volumes();
        try (JarProcess old = JarProcess.startOf(previous, directory.resolve("old"), jvm, settings);
                Connection connection = database.connect();
                Clients clients = new Clients()) {
            old.awaitReady(PATIENCE);
            int before = schema(connection);
            fill(connection, rows);
            serving.add(old);
            clients.start(CLIENTS, new Random(0), own -> {
                List<JarProcess> now = List.copyOf(serving);
                submit(http, now.get(own.nextInt(now.size())), volumes.pair(own), ledger, answers);
                Thread.sleep(50);
                return true;
            });
            Thread.sleep(10_000);
            long began = System.nanoTime();
            try (JarProcess young = JarProcess.start(directory.resolve("new"), jvm, settings)) {
                young.awaitReady(PATIENCE);
                long ready = System.nanoTime();
                serving.add(young);
                Thread.sleep(15_000);
                serving.remove(old);
                old.terminate(PATIENCE);
                long drained = System.nanoTime();
                Thread.sleep(10_000);
                clients.stop();
                CrashRun.awaitNothingLeft(connection);
                int after = schema(connection);
                Ledger.Verdict verdict = ledger.check(connection, Ledger.Objects.below(bucket.object("blobs")));
                int kept = Ledger.number(connection, "select count(*) from evaluation where case_id like 'before-%'");
                System.out.printf(
                        Locale.ROOT,
                        "schema %d to %d with %d evaluations, %d of them there afterwards; the new replica was ready"
                                + " after %.1f s, the migrations took %d ms%n",
                        before,
                        after,
                        rows,
                        kept,
                        (ready - began) / 1e9,
                        Ledger.number(
                                connection,
                                "select coalesce(sum(execution_time), 0) from flyway_schema_history where"
                                        + " installed_rank > " + ranks(connection, before)));
                say("before", answers, Long.MIN_VALUE, began);
                say("while the new one starts and migrates", answers, began, ready);
                say("both, then the old one is drained", answers, ready, drained);
                say("the new one alone", answers, drained, Long.MAX_VALUE);
                System.out.println(verdict);
                if (!verdict.isClean() || kept != rows || after <= before || !listed(young, rows)) {
                    throw new IllegalStateException("the upgrade lost something or changed nothing");
                }
            }
        }
    }

    private static void submit(HttpClient http, JarProcess replica, Form pair, Ledger ledger, Queue<Answered> answers)
            throws InterruptedException {
        long sent = System.nanoTime();
        int status = 0;
        try {
            HttpResponse<String> answer =
                    http.send(pair.request(replica.uri("/api/v1/evaluations")), HttpResponse.BodyHandlers.ofString());
            status = answer.statusCode();
            if (status == 202) {
                ledger.acknowledged(answer.headers().firstValue("Location").orElseThrow());
            } else {
                System.out.println(status + ": " + answer.body());
            }
        } catch (IOException e) {
            ledger.withoutAnswer();
        }
        answers.add(new Answered(sent, status, System.nanoTime() - sent));
    }

    private static void say(String when, Queue<Answered> answers, long from, long to) {
        Map<Integer, Integer> statuses = new TreeMap<>();
        List<Long> nanos = new ArrayList<>();
        for (Answered answer : answers) {
            if (answer.sentNanos() >= from && answer.sentNanos() < to) {
                statuses.merge(answer.status(), 1, Integer::sum);
                nanos.add(answer.nanos());
            }
        }
        nanos.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%-38s statuses %s, p50 %.0f ms, p99 %.0f ms, longest %.0f ms%n",
                when,
                statuses,
                nanos.isEmpty() ? 0 : nanos.get(nanos.size() / 2) / 1e6,
                nanos.isEmpty() ? 0 : nanos.get((int) (nanos.size() * 0.99)) / 1e6,
                nanos.isEmpty() ? 0 : nanos.getLast() / 1e6);
    }

    /** True if the new service lists evaluations of before, and says of one what its row says. */
    private static boolean listed(JarProcess service, int rows) throws IOException, InterruptedException {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        java.net.http.HttpRequest.newBuilder(
                                        service.uri("/api/v1/evaluations?limit=100&case=before-" + Math.min(rows, 7)))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() == 200 && answer.body().contains("\"before-" + Math.min(rows, 7) + "\"");
    }

    private static int schema(Connection connection) throws Exception {
        return Ledger.number(
                connection,
                "select max(version::integer) from flyway_schema_history where version is not null and success");
    }

    private static int ranks(Connection connection, int version) throws Exception {
        return Ledger.number(
                connection, "select installed_rank from flyway_schema_history where version = '" + version + "'");
    }

    /** Evaluations with what belongs to each, as the earlier schema keeps it. */
    private static void fill(Connection connection, int rows) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set synchronous_commit = off");
            statement.execute(
                    "insert into evaluation (id, created_at, state, attempt, started_at, finished_at, case_id,"
                            + " model_name, model_version, site, protocols) select md5(i::text)::uuid, t, case when i % 50"
                            + " = 0 then 'FAILED' else 'SUCCEEDED' end, 1, t, t, 'before-' || i, 'model-' || i % 10, '1.'"
                            + " || i % 30, 'site-' || i % 7, '{segmeter@1}' from (select i, timestamptz '2024-01-01' + i *"
                            + " interval '1 minute' as t from generate_series(1, " + rows + ") i) n");
            statement.execute(
                    "insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256,"
                            + " engine_version, engine_commit) select md5(i::text)::uuid, 1, '{}', repeat(md5(i::text),"
                            + " 2), 'segmeter@1', 'x', '0', '0' from generate_series(1,"
                            + " " + rows + ") i where i % 50 <> 0");
            statement.execute(
                    "insert into evaluation_event (evaluation_id, state) select id, state from evaluation where"
                            + " case_id like 'before-%'");
            statement.execute("reset synchronous_commit");
            statement.execute("vacuum analyze");
        }
    }
}
