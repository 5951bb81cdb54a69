package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("The dashboard and the alerts")
class DashboardIT {

    private static final Path DASHBOARD = Path.of("helm/segmeter/files/segmeter-dashboard.json");
    private static final Path RULES = Path.of("helm/segmeter/files/segmeter.rules.yml");
    private static final Pattern METRIC =
            Pattern.compile("\\b(?:segmeter|hikaricp|jvm|process)_[a-z0-9_]+\\b(?!:)", Pattern.CASE_INSENSITIVE);

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    @Timeout(240)
    void askForMetricsThatARunningServiceHasAndEveryPanelShowsData(@TempDir Path directory)
            throws IOException, InterruptedException {
        try (JarProcess service = JarProcess.shortLived(directory.resolve("data"))) {
            service.awaitReady(Duration.ofSeconds(120));
            canary(service);
            assertThat(refusal(service)).isEqualTo(422);

            Set<String> asked = new TreeSet<>();
            METRIC.matcher(Files.readString(RULES)).results().forEach(found -> asked.add(found.group()));
            List<String> panels = panels();
            panels.forEach(query -> METRIC.matcher(query).results().forEach(found -> asked.add(found.group())));
            // There only where an audit repository is configured: AuditFeedTest and GuardedServiceTest have one.
            assertThat(asked.remove("segmeter_audit_lag_seconds")).isTrue();
            // And there only for a model that is watched, which GuardedServiceTest has.
            assertThat(asked.remove("segmeter_drift_alarm")).isTrue();
            String exposed = afterACollection(service);
            assertThat(asked)
                    .hasSizeGreaterThan(15)
                    .allSatisfy(metric -> assertThat(exposed).containsPattern("(?m)^" + metric + "[{ ]"));

            everyPanelShowsData(directory, service, panels);
        }
    }

    /** The pauses of the garbage collector are there once there was one, which a service with so little to do may not need. */
    private String afterACollection(JarProcess service) throws IOException, InterruptedException {
        Process collection = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(service.pid()),
                        "GC.run")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(collection.waitFor()).isZero();
        String exposed = get(service.uri("/actuator/prometheus"));
        for (int i = 0; i < 100 && !exposed.contains("jvm_gc_pause_seconds_sum"); i++) {
            Thread.sleep(100);
            exposed = get(service.uri("/actuator/prometheus"));
        }
        return exposed;
    }

    private void everyPanelShowsData(Path directory, JarProcess service, List<String> panels)
            throws IOException, InterruptedException {
        assumeTrue(
                isInstalled("prometheus"),
                "NOT RUN: prometheus is not installed (Debian's package prometheus has it), so no panel was asked for"
                        + " data");
        int port = JarProcess.freePort();
        Files.copy(RULES, directory.resolve("segmeter.rules.yml"));
        Path configuration = Files.writeString(directory.resolve("prometheus.yml"), """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [segmeter.rules.yml]
            scrape_configs:
              - job_name: segmeter
                metrics_path: /actuator/prometheus
                static_configs: [{targets: ["127.0.0.1:%d"]}]
            """.formatted(
                        service.uri("/").getPort()));
        Process prometheus = new ProcessBuilder(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + directory.resolve("series"),
                        "--web.listen-address=127.0.0.1:" + port)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("prometheus.log").toFile())
                .start();
        try {
            List<String> empty = panels;
            // A rate needs two scrapes; the panel of a metric that is there from the start shows data soon after them.
            for (int round = 0; round < 60 && !empty.isEmpty(); round++) {
                Thread.sleep(1000);
                if (round % 5 == 2) {
                    canary(service); // what is a mean over a time needs something that happens in it
                }
                List<String> still = new ArrayList<>();
                for (String query : empty) {
                    if (isEmpty(port, query)) {
                        still.add(query);
                    }
                }
                empty = still;
            }
            assertThat(empty)
                    .as(
                            "queries without data; prometheus said:%n%s",
                            Files.readString(directory.resolve("prometheus.log")))
                    .isEmpty();
            assertThat(query(port, "ALERTS{alertstate=\"firing\"}").size()).isZero();
        } finally {
            prometheus.destroy();
            prometheus.waitFor();
        }
    }

    private static List<String> panels() throws IOException {
        List<String> queries = new ArrayList<>();
        JsonNode dashboard = JsonMapper.shared().readTree(Files.readString(DASHBOARD));
        for (JsonNode panel : dashboard.get("panels")) {
            for (JsonNode target : panel.path("targets")) {
                queries.add(target.get("expr").stringValue().replaceAll("\\$(namespace|job)", ".*"));
            }
        }
        assertThat(queries).hasSizeGreaterThan(20);
        return queries;
    }

    private boolean isEmpty(int port, String query) throws InterruptedException {
        try {
            return query(port, query).isEmpty();
        } catch (IOException e) {
            return true; // not listening yet
        }
    }

    private JsonNode query(int port, String query) throws IOException, InterruptedException {
        JsonNode answer = JsonMapper.shared()
                .readTree(get(URI.create("http://127.0.0.1:" + port + "/api/v1/query?query="
                        + URLEncoder.encode(query, StandardCharsets.UTF_8))));
        assertThat(answer.path("status").stringValue()).as(query).isEqualTo("success");
        return answer.at("/data/result");
    }

    private String get(URI uri) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static void canary(JarProcess service) {
        assertThat(CommandLineTool.run(
                        new String[] {"canary", "--url", service.uri("/").toString()}, silent(), System.err))
                .isZero();
    }

    /** Inputs that are no segmentations: their refusal is counted from the first one on. */
    private int refusal(JarProcess service) throws IOException, InterruptedException {
        byte[] nonsense = "no segmentation".getBytes(StandardCharsets.UTF_8);
        HttpRequest request = HttpRequest.newBuilder(
                        new Form(nonsense, nonsense).request(service.uri("/api/v1/evaluations")), (name, value) -> true)
                .header("Prefer", "wait=30")
                .build();
        return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    private static PrintStream silent() {
        return new PrintStream(new ByteArrayOutputStream());
    }

    private static boolean isInstalled(String program) {
        String path = System.getenv("PATH");
        return path != null
                && Pattern.compile(Pattern.quote(java.io.File.pathSeparator))
                        .splitAsStream(path)
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
