package org.segmeter.benchmark;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.segmeter.database.MetricValues;
import org.segmeter.database.TestPostgres;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;
import org.segmeter.volume.Segmentation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * How long the pages wait for the packaged service: the first view of the overview and of the explorer over many results, each as all of
 * the requests that the page makes at once; and changing the slice of a large case, every slice of the three planes once, none of
 * them asked for before. Arguments: metric rows (default 1,000,000), first views (default 100).
 */
public final class DashboardBenchmark {

    private static final int STRUCTURES = 4;
    private static final int METRICS = 2;

    private static final List<String> OVERVIEW = List.of(
            "/api/v1/evaluations?state=QUEUED&limit=100",
            "/api/v1/evaluations?state=RUNNING&limit=100",
            "/api/v1/evaluations?state=FAILED&limit=100",
            "/api/v1/alerts?state=OPEN&limit=100",
            "/api/v1/pairs?state=AMBIGUOUS&limit=100",
            "/api/v1/aggregates?metric=dice&groupBy=model%2Cversion%2Cstructure&stat=mean",
            "/api/v1/aggregates?metric=dice&structure=*&groupBy=model%2Cversion%2Cweek&stat=mean",
            "/api/v1/alerts?state=OPEN&limit=8",
            "/api/v1/evaluations?limit=8");
    private static final List<String> EXPLORER = List.of(
            "/api/v1/aggregates?metric=dice&structure=*&groupBy=model%2Cversion"
                    + "&stat=mean%2Csd%2Cmedian%2Cci95%2Chistogram%2Cp5%2Cp25%2Cp50%2Cp75%2Cp95",
            "/api/v1/metrics", "/api/v1/results?metric=dice&limit=500");

    private final HttpClient http = HttpClient.newHttpClient();
    private final JarProcess service;

    private DashboardBenchmark(JarProcess service) {
        this.service = service;
    }

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int views = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 100;
        Path directory = Files.createTempDirectory("segmeter-dashboard");
        try (TestPostgres database = TestPostgres.start(directory.resolve("database"));
                JarProcess service = JarProcess.start(
                                directory.resolve("service"),
                                List.of("-Xmx2g"),
                                database.settings(database.port(), "").toArray(String[]::new))
                        .awaitReady(Duration.ofSeconds(120))) {
            DashboardBenchmark benchmark = new DashboardBenchmark(service);
            benchmark.slices();
            int evaluations = rows / (METRICS * (STRUCTURES + 1));
            fill(database, 1, evaluations);
            benchmark.firstView("overview", OVERVIEW, views);
            benchmark.firstView("explorer", EXPLORER, views);
            benchmark.firstOfAMetric("hd95", evaluations);
            fill(database, evaluations + 1, evaluations + evaluations / 4);
            benchmark.firstOfAMetric("dice", evaluations + evaluations / 4);
            benchmark.firstOfAMetric("hd95", evaluations + evaluations / 4);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(directory);
        }
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(service.uri(path)).build();
    }

    private long bytes(String path) throws Exception {
        HttpResponse<byte[]> answer = http.send(get(path), HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(path + ": " + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer.body().length;
    }

    private static byte[] file(Segmentation segmentation) throws java.io.IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        NiftiWriter.writeGzip(segmentation, out);
        return out.toByteArray();
    }

    private void slices() throws Exception {
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        byte[] prediction = file(volumes.liver(true, true));
        byte[] reference = file(volumes.liver(false, false));
        HttpRequest submission = HttpRequest.newBuilder(
                        new Form(prediction, reference).request(service.uri("/api/v1/evaluations")),
                        (name, value) -> true)
                .header("Prefer", "wait=60")
                .build();
        JsonNode card = JsonMapper.shared()
                .readTree(http.send(submission, HttpResponse.BodyHandlers.ofString())
                        .body());
        String base = "/api/v1/evaluations/" + card.path("id").asString();
        System.out.println("liver of 512 x 512 x 300 voxels: " + card.at("/geometry/evaluationGrid"));
        long begin = System.nanoTime();
        bytes(base + "/slices?plane=axial&entry=0");
        System.out.printf(
                Locale.ROOT, "first look (both sides are read): %.0f ms%n", (System.nanoTime() - begin) / 1e6);
        for (String layer : List.of("overlay", "distance")) {
            for (String plane : List.of("axial", "coronal", "sagittal")) {
                int n = JsonMapper.shared()
                        .readTree(http.send(get(base + "/slices?plane=" + plane), HttpResponse.BodyHandlers.ofString())
                                .body())
                        .path("sliceCount")
                        .asInt();
                List<Long> micros = new ArrayList<>();
                long size = 0;
                for (int i = 0; i < n; i++) {
                    long start = System.nanoTime();
                    size += bytes(base + "/overlay.png?plane=" + plane + "&index=" + i + "&entry=0&scale=voxel&layer="
                            + layer);
                    micros.add((System.nanoTime() - start) / 1000);
                }
                print(layer + " " + plane, micros);
                System.out.printf(Locale.ROOT, "    %.1f kB a picture%n", size / 1000.0 / n);
            }
        }
    }

    /** As a browser asks: all at once. */
    private void firstView(String name, List<String> paths, int views) {
        List<Long> micros = new ArrayList<>();
        for (int i = 0; i < views + 5; i++) {
            long begin = System.nanoTime();
            List<CompletableFuture<HttpResponse<byte[]>>> all = paths.stream()
                    .map(path -> http.sendAsync(get(path), HttpResponse.BodyHandlers.ofByteArray()))
                    .toList();
            for (int k = 0; k < paths.size(); k++) {
                HttpResponse<byte[]> answer = all.get(k).join();
                if (answer.statusCode() != 200) {
                    throw new IllegalStateException(paths.get(k) + " " + answer.statusCode());
                }
            }
            if (i == 0) {
                System.out.printf(Locale.ROOT, "%s, very first: %.0f ms%n", name, (System.nanoTime() - begin) / 1e6);
            }
            if (i >= 5) {
                micros.add((System.nanoTime() - begin) / 1000);
            }
        }
        print(name, micros);
        for (String path : paths) {
            long begin = System.nanoTime();
            http.sendAsync(get(path), HttpResponse.BodyHandlers.ofByteArray()).join();
            System.out.printf(Locale.ROOT, "    %.0f ms alone: %s%n", (System.nanoTime() - begin) / 1e6, path);
        }
    }

    /** One view of a metric; it must have the values of all evaluations that were put into the database. */
    private void firstOfAMetric(String metric, int evaluations) throws Exception {
        long begin = System.nanoTime();
        HttpResponse<String> answer = http.send(
                get("/api/v1/aggregates?metric=" + metric + "&structure=structure-0&groupBy=model&stat=mean"),
                HttpResponse.BodyHandlers.ofString());
        long micros = (System.nanoTime() - begin) / 1000;
        long seen = 0;
        for (JsonNode group : JsonMapper.shared().readTree(answer.body()).path("groups")) {
            seen += group.at("/counts/detected").asLong();
        }
        System.out.printf(
                Locale.ROOT,
                "%s of %d evaluations, looked at at once: %.0f ms, %d values seen%n",
                metric,
                evaluations,
                micros / 1000.0,
                seen);
        if (seen != evaluations) {
            throw new IllegalStateException("not all values are seen: " + answer.body());
        }
    }

    private static void print(String name, List<Long> micros) {
        micros.sort(null);
        System.out.printf(
                Locale.ROOT,
                "%-20s p50 %.1f ms, p99 %.1f ms, longest %.1f ms, %d times%n",
                name,
                micros.get(micros.size() / 2) / 1000.0,
                micros.get((int) (micros.size() * 0.99)) / 1000.0,
                micros.getLast() / 1000.0,
                micros.size());
    }

    private static void fill(TestPostgres database, int first, int last) throws Exception {
        String numbers = "generate_series(" + first + ", " + last + ") i";
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set synchronous_commit = off");
            statement.execute(
                    "insert into evaluation (id, created_at, state, attempt, started_at, finished_at, case_id,"
                            + " model_name, model_version, site, labels, protocols) select md5(i::text)::uuid, t,"
                            + " 'SUCCEEDED', 1, t, t, 'case-' || i % 5000, 'model-' || i % 5, '1.' || i % 3, 'site-' || i"
                            + " % 7, jsonb_build_object('scanner', 'scanner-' || i % 4), '{segmeter@1}' from (select i,"
                            + " timestamptz '2026-01-01' + i * interval '5 minutes' as t from " + numbers + ") n");
            statement.execute(MetricValues.stored(
                    "select md5(i::text)::uuid as evaluation_id, s as segment_index, case when s < 0 then null else s"
                            + " + 1 end as segment_number, case when s < 0 then null else 'structure-' || s end as"
                            + " segment_label, m as metric, '{}' as parameters, case m when 'dice' then 1 -"
                            + " power(random(), 3) * 0.4 else random() * 20 end as value, case m when 'dice' then '1' else"
                            + " 'mm' end as unit, 'OK' as state"
                            + " from"
                            + " " + numbers + ", generate_series(-1, " + (STRUCTURES - 1)
                            + ") s, unnest(array['dice', 'hd95']) m"));
            // Last: a scorecard comes with all of its values.
            statement.execute(
                    "insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256,"
                            + " engine_version, engine_commit) select md5(i::text)::uuid, 1, '{}', repeat(md5(i::text),"
                            + " 2), 'segmeter@1', 'x', '0', '0' from " + numbers);
            statement.execute("vacuum analyze");
        }
        System.out.println(METRICS * (STRUCTURES + 1) * (last - first + 1) + " metric rows of " + (last - first + 1)
                + " evaluations");
    }
}
