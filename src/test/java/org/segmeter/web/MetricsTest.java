package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The metrics have the names and labels that they promise, and no text of a sender makes more of them. */
class MetricsTest {

    private static final int MOST_SERIES = 3000;

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
    }

    @Test
    void everyPromisedMetricIsThere() throws Exception {
        api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        byte[] dicom = Api.pair("").getLast().content().clone();
        dicom[0] = 'M';
        dicom[1] = 'Z';
        api.post(
                        List.of(Api.Part.bytes("prediction", dicom), Api.Part.bytes("reference", new byte[] {1, 2, 3})),
                        "Prefer",
                        "wait=30")
                .expect(422);
        String page = api.get("/actuator/prometheus").expect(200).text();
        assertThat(page)
                .contains(
                        "segmeter_upload_bytes_total{format=\"nifti\"}",
                        "segmeter_upload_bytes_total{format=\"dicom\"}",
                        "segmeter_upload_bytes_total{format=\"archive\"}",
                        "segmeter_upload_bytes_total{format=\"other\"}",
                        "segmeter_upload_size_bytes_bucket{format=\"nifti\"",
                        "segmeter_upload_failures_total{reason=\"too_slow\"}",
                        "segmeter_jobs_completed_total{outcome=\"timeout\"}",
                        "segmeter_jobs_completed_total{outcome=\"quarantined\"}",
                        "segmeter_job_leases_lost_total",
                        "segmeter_job_fenced_writes_total",
                        "segmeter_admission_memory_bytes",
                        "segmeter_admission_memory_limit_bytes",
                        "segmeter_admission_rejections_total{reason=\"memory\"}",
                        "segmeter_admission_rejections_total{reason=\"queue\"}",
                        "segmeter_admission_rejections_total{reason=\"uploads\"}",
                        "segmeter_admission_rejections_total{reason=\"client\"}",
                        "segmeter_admission_rejections_total{reason=\"disk\"}",
                        "segmeter_admission_rejections_total{reason=\"unavailable\"}",
                        "segmeter_storage_free_bytes{volume=\"blobs\"}",
                        "segmeter_storage_size_bytes{volume=\"blobs\"}",
                        "segmeter_storage_free_bytes{volume=\"database\"}",
                        "segmeter_storage_free_bytes{volume=\"temporary\"}",
                        "segmeter_storage_reserved_bytes",
                        "segmeter_parse_rejections_total{code=\"unrecognised-format\",format=\"other\"}",
                        "segmeter_preamble_nonzero_total{kind=\"mz\"}",
                        "segmeter_rate_limited_total{scope=\"client\"}",
                        "segmeter_idempotency_replays_total{result=\"hit\"}",
                        "segmeter_auth_failures_total{reason=\"no_credentials\"}",
                        "segmeter_rate_limited_total{scope=\"requests\"}",
                        "segmeter_canary_success",
                        "segmeter_canary_last_success_timestamp_seconds",
                        // The limits of the service's objectives for reading, listing, submitting and first views.
                        "le=\"0.05\"",
                        "le=\"0.15\"",
                        "le=\"0.5\"",
                        "# TYPE segmeter_http_request_duration_seconds histogram");
    }

    /** {@code -Dsegmeter.requests=10000} for more. */
    @Test
    void whatSendersMakeUpIsNoLabel() throws Exception {
        int requests = Integer.getInteger("segmeter.requests", 200);
        long seed = Long.getLong("segmeter.seed", System.nanoTime());
        System.out.println("MetricsTest: -Dsegmeter.seed=" + seed + " -Dsegmeter.requests=" + requests);
        Random random = new Random(seed);
        HttpClient http = HttpClient.newHttpClient();
        String base = "http://127.0.0.1:" + service.port();
        for (int i = 0; i < requests; i++) {
            String word = "zq" + Long.toHexString(random.nextLong());
            String path = switch (i % 5) {
                case 0 -> "/" + word;
                case 1 -> "/api/v1/evaluations?model=" + word;
                case 2 -> "/api/v1/evaluations/" + word;
                case 3 -> "/problems/" + word;
                default -> "/api/v1/" + word + "/" + word;
            };
            HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                    .header("User-Agent", word)
                    .header("X-Anything", word)
                    .method(i % 7 == 0 ? "ZQ" + random.nextInt(1000) : "GET", HttpRequest.BodyPublishers.noBody())
                    .build();
            assertThat(http.send(request, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isBetween(200, 501);
            if (i % 50 == 0) {
                api.post(Api.pair("{\"model\":{\"name\":\"%s\"},\"site\":\"%s\",\"caseId\":\"%s\"}"
                                .formatted(word, word, word)))
                        .expect(202);
            }
        }
        String page = api.get("/actuator/prometheus").expect(200).text();
        List<String> series = page.lines().filter(line -> !line.startsWith("#")).toList();
        System.out.printf("MetricsTest: %d series after %d made-up requests%n", series.size(), requests);
        assertThat(series).hasSizeLessThanOrEqualTo(MOST_SERIES);
        assertThat(page).doesNotContain("zq").doesNotContain("ZQ");
    }

    /** Each metric is described once, before its series. */
    @Test
    void everyMetricHasOneHelpAndOneType() throws Exception {
        List<String> described = api.get("/actuator/prometheus")
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith("# "))
                .map(line -> line.split(" ", 4))
                .map(words -> words[1] + " " + words[2])
                .toList();
        assertThat(described).hasSizeGreaterThan(100).doesNotHaveDuplicates();
    }

    @Test
    void thePageIsAsPrometheusWantsIt() throws Exception {
        api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
        String page = api.get("/actuator/prometheus").expect(200).text();
        Process promtool;
        try {
            promtool = new ProcessBuilder("promtool", "check", "metrics")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            System.out.println("MetricsTest: promtool is not installed, its check was left out");
            return;
        }
        try (OutputStream in = promtool.getOutputStream()) {
            in.write(page.getBytes(StandardCharsets.UTF_8));
        }
        String objections = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        List<String> own =
                objections.lines().filter(line -> line.startsWith("segmeter_")).toList();
        assertThat(own).as(objections).isEmpty();
        System.out.println("MetricsTest: promtool of libraries' metrics: "
                + objections.lines().toList());
    }
}
