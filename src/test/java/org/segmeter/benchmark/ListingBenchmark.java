package org.segmeter.benchmark;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.segmeter.database.TestPostgres;
import org.segmeter.process.JarProcess;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * How long it takes to list 100 of many evaluations, through the packaged service: the newest, those of a model, a case or a state, and
 * page after page. Arguments: how many evaluations (default 1,000,000), requests of each kind (default 200).
 */
public final class ListingBenchmark {

    private ListingBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int requests = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 200;
        Path directory = Files.createTempDirectory("segmeter-listing");
        try (TestPostgres database = TestPostgres.start(directory.resolve("database"));
                JarProcess service = JarProcess.start(
                                directory.resolve("service"),
                                List.of("-Xmx512m"),
                                database.settings(database.port(), "").toArray(String[]::new))
                        .awaitReady(Duration.ofSeconds(120))) {
            fill(database, rows);
            HttpClient http = HttpClient.newHttpClient();
            for (String filter : new String[] {
                "",
                "&model=model-3",
                "&model=model-3&version=1.7",
                "&case=case-77",
                "&state=SUCCEEDED",
                "&state=FAILED",
                "&state=QUEUED",
                "&from=2024-06-01T00:00:00Z&to=2024-07-01T00:00:00Z",
                "&model=model-3&state=FAILED"
            }) {
                measure(http, service, filter, requests);
            }
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(directory);
        }
    }

    private static void measure(HttpClient http, JarProcess service, String filter, int requests) throws Exception {
        List<Long> micros = new ArrayList<>();
        int listed = 0;
        String cursor = "";
        for (int i = 0; i < requests + 20; i++) {
            URI uri = service.uri("/api/v1/evaluations?limit=100" + filter + cursor);
            long begin = System.nanoTime();
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            long took = (System.nanoTime() - begin) / 1000;
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(answer.body());
            }
            JsonNode page = JsonMapper.shared().readTree(answer.body());
            listed += page.path("evaluations").size();
            cursor = page.has("nextCursor")
                    ? "&cursor=" + page.path("nextCursor").asString()
                    : "";
            if (i >= 20) {
                micros.add(took);
            }
        }
        micros.sort(null);
        System.out.printf(
                "%-45s p50 %.1f ms, p99 %.1f ms, longest %.1f ms, %d listed%n",
                filter.isEmpty() ? "all" : filter.substring(1),
                micros.get(micros.size() / 2) / 1000.0,
                micros.get((int) (micros.size() * 0.99)) / 1000.0,
                micros.getLast() / 1000.0,
                listed);
    }

    private static void fill(TestPostgres database, int rows) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set synchronous_commit = off");
            statement.execute(
                    "insert into evaluation (id, created_at, state, attempt, started_at, finished_at, case_id,"
                            + " model_name, model_version, site, protocols) select md5(i::text)::uuid, t, case when i % 50"
                            + " = 0 then 'FAILED' else 'SUCCEEDED' end, 1, t, t, 'case-' || i % 5000, 'model-' || i % 10,"
                            + " '1.' || i % 30, 'site-' || i % 7, '{segmeter@1}' from (select i, timestamptz '2024-01-01'"
                            + " + i * interval '1 minute' as t from generate_series(1, " + rows + ") i) n");
            statement.execute(
                    "insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256,"
                            + " engine_version, engine_commit) select md5(i::text)::uuid, 1, '{}', repeat(md5(i::text),"
                            + " 2), 'segmeter@1', 'x', '0', '0' from generate_series(1,"
                            + " " + rows + ") i where i % 50 <> 0");
            statement.execute("vacuum analyze");
        }
    }
}
