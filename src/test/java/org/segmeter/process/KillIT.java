package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code kill -9} of the real service while clients submit: what was acknowledged is never lost. */
class KillIT {

    private static final int SUBMISSIONS = 50;
    private static final int KILLS = Integer.getInteger("segmeter.kills", 5);
    private static final int CLIENTS = 4;
    private static final int BATCH = 40;
    /** Every so many pairs of the batch one cannot be read. */
    private static final int UNREADABLE = 5;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicReference<JarProcess> service = new AtomicReference<>();

    @Test
    void nothingThatWasAcknowledgedIsLostWhenTheServiceIsKilled(@TempDir Path data) throws Exception {
        long seed = Long.getLong("segmeter.seed", System.nanoTime());
        System.out.println("KillIT: -Dsegmeter.seed=" + seed);
        Random random = new Random(seed);
        Path samples = Path.of("src/test/resources/samples");
        Form form = new Form(
                Files.readAllBytes(samples.resolve("s01_binary_single.perturbed.nii.gz")),
                Files.readAllBytes(samples.resolve("s01_binary_single.dcm")));

        int killsWithWorkLeft = 0;
        List<Long> recoveries = new ArrayList<>();
        start(data, recoveries);
        String batch = submitBatch();
        FutureTask<List<String>> heard = new FutureTask<>(() -> everythingHeardOf(batch));
        Thread.ofVirtual().start(heard);
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            AtomicInteger left = new AtomicInteger(SUBMISSIONS);
            List<Future<?>> work = new ArrayList<>();
            AtomicInteger allowance = new AtomicInteger();
            for (int i = 0; i < CLIENTS; i++) {
                work.add(clients.submit(() -> submitAll(form, left, allowance)));
            }
            for (int kill = 0; kill < KILLS; kill++) {
                // A share of the submissions for each life of the service, so that every kill meets some.
                allowance.addAndGet(SUBMISSIONS / KILLS);
                Thread.sleep(random.nextInt(400));
                killsWithWorkLeft += left.get() > 0 || unfinished() > 0 ? 1 : 0;
                service.get().kill();
                start(data, recoveries);
            }
            allowance.addAndGet(SUBMISSIONS);
            for (Future<?> one : work) {
                one.get();
            }
        }
        Map<String, Integer> states = new HashMap<>();
        for (String location : acknowledged) {
            states.merge(finalState(service.get(), location), 1, Integer::sum);
        }
        System.out.printf(
                "KillIT: %d acknowledged, %d requests without an answer, %d kills (%d met work), ready again after %s"
                        + " ms, final states %s%n",
                acknowledged.size(), refused.get(), KILLS, killsWithWorkLeft, recoveries, states);
        everyPairOfTheBatchHasOneResult(batch);
        assertThat(heard.get(60, TimeUnit.SECONDS))
                .as("events, each once, heard by a client that went on from the last one after every kill")
                .containsExactlyInAnyOrderElementsOf(eventsOf(batch))
                .endsWith("done");
        assertThat(acknowledged).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(SUBMISSIONS);
        assertThat(killsWithWorkLeft).as("kills that met work").isGreaterThan(KILLS / 2);
        // Whoever was being scored at more than three kills cannot be told from an input that kills, and is put aside.
        assertThat(states.keySet()).as("final states").isSubsetOf("SUCCEEDED", "quarantined");
        assertThat(states.getOrDefault("SUCCEEDED", 0)).isGreaterThanOrEqualTo(acknowledged.size() - 2 * KILLS / 3);
    }

    /** A tar of pairs, more than are scored before the first kill. */
    private String submitBatch() throws Exception {
        Path samples = Path.of("src/test/resources/samples");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            for (int i = 0; i < BATCH; i++) {
                boolean bad = i % UNREADABLE == UNREADABLE - 1;
                put(
                        tar,
                        "prediction/" + i + ".nii.gz",
                        samples.resolve(bad ? "MANIFEST.md" : "s01_binary_single.perturbed.nii.gz"));
                put(tar, "reference/" + i + ".dcm", samples.resolve("s01_binary_single.dcm"));
            }
        }
        HttpResponse<String> answer = http.send(
                java.net.http.HttpRequest.newBuilder(
                                service.get().uri("/api/v1/batches?model=of-a-batch&protocol=monai@1"))
                        .header("Content-Type", "application/x-tar")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(bytes.toByteArray()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return answer.headers().firstValue("Location").orElseThrow();
    }

    private static void put(TarArchiveOutputStream tar, String name, Path file) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(Files.size(file));
        tar.putArchiveEntry(entry);
        Files.copy(file, tar);
        tar.closeArchiveEntry();
    }

    private void everyPairOfTheBatchHasOneResult(String location) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(120).toNanos();
        JsonNode batch = get(location);
        while (!batch.path("state").asString().equals("DONE") && System.nanoTime() < end) {
            pause();
            batch = get(location);
        }
        System.out.println("KillIT: a batch of %d: %s".formatted(BATCH, batch.path("items")));
        assertThat(batch.path("state").asString()).isEqualTo("DONE");
        List<String> evaluations = new ArrayList<>();
        int succeeded = 0;
        for (JsonNode item : get(location + "/items?limit=1000").path("items")) {
            evaluations.add(item.path("evaluation").asString());
            // What was being scored at more than three kills is put aside.
            String problem = item.at("/problem/type").asString("");
            assertThat(problem).isIn("", "/problems/quarantined", "/problems/unrecognised-format");
            succeeded += problem.isEmpty() ? 1 : 0;
        }
        assertThat(evaluations).hasSize(BATCH).doesNotHaveDuplicates().doesNotContain("");
        assertThat(get("/api/v1/evaluations?model=of-a-batch&limit=1000").path("evaluations"))
                .extracting(one -> "/api/v1/evaluations/" + one.path("id").asString())
                .containsExactlyInAnyOrderElementsOf(evaluations);
        String rows = http.send(
                        java.net.http.HttpRequest.newBuilder(service.get().uri(location + "/results"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        assertThat(rows.lines().filter(line -> line.contains(",all,,dice,,")))
                .hasSize(succeeded)
                .doesNotHaveDuplicates();
    }

    /** What must have been told of a batch that is over: each item that failed, and the end. */
    private List<String> eventsOf(String location) throws Exception {
        List<String> events = new ArrayList<>();
        for (JsonNode item : get(location + "/items?state=FAILED&limit=1000").path("items")) {
            events.add("item-failed " + item.path("number").asInt());
        }
        assertThat(events).hasSizeGreaterThanOrEqualTo(BATCH / UNREADABLE);
        events.add("done");
        return events;
    }

    /** Server-sent events of a batch as a browser has them: whenever the stream breaks it asks again, from the last id on. */
    private List<String> everythingHeardOf(String location) throws InterruptedException {
        List<String> heard = new ArrayList<>();
        String last = "0";
        while (!heard.contains("done")) {
            try {
                HttpResponse<Stream<String>> answer = http.send(
                        java.net.http.HttpRequest.newBuilder(service.get().uri(location + "/events"))
                                .header("Last-Event-ID", last)
                                .build(),
                        HttpResponse.BodyHandlers.ofLines());
                String id = "";
                String kind = "";
                JsonNode data = JsonMapper.shared().createObjectNode();
                for (String line : (Iterable<String>) answer.body()::iterator) {
                    if (line.startsWith("id: ")) {
                        id = line.substring(4);
                    } else if (line.startsWith("event: ")) {
                        kind = line.substring(7);
                    } else if (line.startsWith("data: ")) {
                        data = JsonMapper.shared().readTree(line.substring(6));
                    } else if (line.isEmpty() && !id.isEmpty()) {
                        heard.add(
                                kind.equals("item-failed")
                                        ? kind + " " + data.path("number").asInt()
                                        : kind);
                        last = id;
                        id = "";
                    }
                }
            } catch (IOException | UncheckedIOException e) {
                // killed meanwhile
            }
            pause();
        }
        return heard;
    }

    private JsonNode get(String path) throws Exception {
        return new JsonMapper()
                .readTree(http.send(
                                java.net.http.HttpRequest.newBuilder(
                                                service.get().uri(path))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body());
    }

    /** Whatever happened: the last service ends, and with it the database that the killed ones left running. */
    @AfterEach
    void stop() throws IOException {
        service.get().close();
    }

    private void start(Path data, List<Long> recoveries) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        service.set(JarProcess.shortLived(data).awaitReady(Duration.ofSeconds(120)));
        recoveries.add((System.nanoTime() - begin) / 1_000_000);
    }

    /** Submits until all are acknowledged; what got no answer is sent again, as a client would. */
    private void submitAll(Form form, AtomicInteger left, AtomicInteger allowance) {
        while (left.get() > 0) {
            if (allowance.getAndUpdate(n -> Math.max(0, n - 1)) == 0) {
                pause();
                continue;
            }
            try {
                HttpResponse<String> answer = http.send(
                        form.request(service.get().uri("/api/v1/evaluations")), HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 202) {
                    acknowledged.add(answer.headers().firstValue("Location").orElseThrow());
                    left.decrementAndGet();
                    continue;
                }
            } catch (IOException e) {
                // killed meanwhile
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            refused.incrementAndGet();
            allowance.incrementAndGet();
            pause();
        }
    }

    private long unfinished() {
        try {
            HttpResponse<String> answer = http.send(
                    java.net.http.HttpRequest.newBuilder(service.get().uri("/api/v1/evaluations?limit=1000"))
                            .timeout(Duration.ofSeconds(10))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return answer.body().split("\"state\":\"(QUEUED|RUNNING)\"", -1).length - 1L;
        } catch (IOException e) {
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    private String finalState(JarProcess last, String location) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (System.nanoTime() < end) {
            HttpResponse<String> answer = http.send(
                    java.net.http.HttpRequest.newBuilder(last.uri(location)).build(),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                return "LOST";
            }
            JsonNode evaluation = new JsonMapper().readTree(answer.body());
            String state = evaluation.path("state").asString();
            if (!state.equals("QUEUED") && !state.equals("RUNNING")) {
                return state.equals("FAILED")
                        ? evaluation.at("/problem/type").asString().replace("/problems/", "")
                        : state;
            }
            pause();
        }
        return "NOT FINISHED";
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
