package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Thirty-two malformed and hostile inputs at once against a service of 512 MiB, beside honest ones. */
class HostileInputsIT {

    private static final Path COPIES = Path.of("src/test/resources/org/segmeter/format");
    private static final Path SHARED = Path.of("../shared/samples/bad");
    private static final int AT_ONCE = 32;
    private static final int HONEST = 40;

    private final HttpClient http = HttpClient.newHttpClient();

    private record Answer(int status, String body, long millis) {}

    @Test
    void badInputsAreAnsweredAndDisturbNobody(@TempDir Path data) throws Exception {
        List<Path> bad = badInputs();
        byte[] good = Files.readAllBytes(COPIES.resolve("nifti/bad/good.nii.gz"));
        try (JarProcess service = JarProcess.start(data, List.of("-Xmx512m")).awaitReady(Duration.ofSeconds(120))) {
            Callable<Answer> honest = () -> submit(service, good, good);
            assertThat(honest.call().status()).isEqualTo(200);
            double threadsBefore = threads(service);

            Map<String, Answer> refusals = new ConcurrentHashMap<>();
            List<Answer> scored = Collections.synchronizedList(new ArrayList<>());
            try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE + 2)) {
                List<Future<?>> work = new ArrayList<>();
                for (int i = 0; i < HONEST; i++) {
                    work.add(clients.submit(() -> scored.add(honest.call())));
                }
                for (Path file : bad) {
                    work.add(clients.submit(() -> refusals.put(
                            file.getFileName().toString(), submit(service, Files.readAllBytes(file), good))));
                }
                for (Future<?> one : work) {
                    one.get();
                }
            }
            List<Long> alone = new ArrayList<>();
            for (Path file : bad) {
                alone.add(submit(service, Files.readAllBytes(file), good).millis());
            }
            Collections.sort(alone);
            System.out.printf(
                    "HostileInputsIT: %d bad inputs, %d at once beside %d honest ones; statuses %s; one at a time: median %d ms, longest %d ms%n",
                    bad.size(),
                    AT_ONCE,
                    HONEST,
                    refusals.values().stream()
                            .collect(java.util.stream.Collectors.groupingBy(
                                    Answer::status, java.util.TreeMap::new, java.util.stream.Collectors.counting())),
                    alone.get(alone.size() / 2),
                    alone.getLast());

            assertThat(scored)
                    .hasSize(HONEST)
                    .allSatisfy(a -> assertThat(a.status()).isEqualTo(200));
            assertThat(refusals).hasSize(bad.size());
            refusals.forEach((name, answer) ->
                    assertThat(answer.status()).as(name + ": " + answer.body()).isIn(200, 413, 422));
            Map<String, String> expected = expected();
            refusals.forEach((name, answer) -> {
                switch (expected.getOrDefault(name, "missing from the index")) {
                    case "reject" -> assertThat(answer.status()).as(name).isIn(413, 422);
                    case "accept" ->
                        assertThat(answer.status())
                                .as(name + ": " + answer.body())
                                .isEqualTo(200);
                    case "either" -> assertThat(answer.status()).as(name).isIn(200, 413, 422);
                    default -> fail(name + " is not in the index");
                }
            });
            assertThat(refusals.values().stream().filter(a -> a.status() != 200).count())
                    .isGreaterThan(bad.size() / 2);
            assertThat(honest.call().status()).isEqualTo(200);
            assertThat(service.output()).doesNotContain("OutOfMemoryError").doesNotContain("StackOverflowError");
            // Connections of the clients above come and go; a thread for each bad input would be far more.
            assertThat(threads(service)).isLessThan(threadsBefore + AT_ONCE);
        }
    }

    private static List<Path> badInputs() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path folder : Files.isDirectory(SHARED)
                ? List.of(SHARED)
                : List.of(COPIES.resolve("nifti/bad"), COPIES.resolve("dicom/bad"))) {
            try (Stream<Path> all = Files.list(folder)) {
                all.filter(f -> f.toString().matches(".*\\.(dcm|nii|gz|hdr|zip)"))
                        .filter(f -> !f.getFileName().toString().startsWith("good."))
                        .sorted()
                        .forEach(files::add);
            }
        }
        return files;
    }

    /** What the samples' index says of each. */
    private static Map<String, String> expected() {
        Map<String, String> expected = new HashMap<>();
        for (Path index : Files.isDirectory(SHARED)
                ? List.of(SHARED.resolve("index.json"))
                : List.of(COPIES.resolve("nifti/bad/index.json"), COPIES.resolve("dicom/bad/index.json"))) {
            for (Map.Entry<String, JsonNode> entry :
                    JsonMapper.shared().readTree(index).properties()) {
                expected.put(entry.getKey(), entry.getValue().path("expected").asString());
            }
        }
        return expected;
    }

    private Answer submit(JarProcess service, byte[] prediction, byte[] reference)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        HttpRequest request = new Form(prediction, reference).request(service.uri("/api/v1/evaluations"));
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(request, (name, value) -> true)
                        .header("Prefer", "wait=50")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return new Answer(answer.statusCode(), answer.body(), (System.nanoTime() - begin) / 1_000_000);
    }

    private double threads(JarProcess service) throws IOException, InterruptedException {
        String metrics = http.send(
                        HttpRequest.newBuilder(service.uri("/actuator/prometheus"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        Matcher live = Pattern.compile("(?m)^jvm_threads_live_threads (\\S+)$").matcher(metrics);
        assertThat(live.find()).isTrue();
        return Double.parseDouble(live.group(1));
    }
}
