package org.segmeter.benchmark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;

/**
 * Eight clients submit evaluations of a 64^3 pair to the packaged jar, as fast as they are accepted; prints how fast they are
 * accepted and scored, and how much of the workers' time the engine has. Run by {@code docs/benchmarks.md}, "Service".
 */
public final class SubmissionBenchmark {

    private static final int CLIENTS = 8;
    private static final int SIDE = 64;
    /** True to send the same files again and again, which the store then has already. */
    private static final boolean REPEATED = Boolean.getBoolean("segmeter.benchmark.repeated");

    private static final AtomicInteger FILES = new AtomicInteger();
    private static final int WARM_UP = Integer.getInteger("segmeter.benchmark.warmup", 3000);

    private SubmissionBenchmark() {}

    /** @param arguments how many evaluations; 2000 if not given */
    public static void main(String[] arguments) throws Exception {
        int evaluations = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2000;
        Path data = Files.createTempDirectory("segmeter-benchmark");
        List<String> jvm = new ArrayList<>(List.of("-Xmx1g"));
        String more = System.getProperty("segmeter.benchmark.jvm", "");
        if (!more.isBlank()) {
            jvm.addAll(Arrays.asList(more.split(" ")));
        }
        try (JarProcess service = JarProcess.start(data, jvm).awaitReady(Duration.ofSeconds(120))) {
            System.out.printf(
                    Locale.ROOT,
                    "%s, %d^3 pair, %d clients%n%n| evaluations | accepted/s | scored/s | submit p50 ms | p99 ms |"
                            + " engine's share of the workers | service ms of processor | database ms | clients ms |"
                            + " errors | not scored |%n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | ---"
                            + " |%n",
                    Machine.name(),
                    SIDE,
                    CLIENTS);
            run(service, data, WARM_UP); // until the JVM has compiled what matters
            run(service, data, evaluations);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(data);
        }
    }

    private static void run(JarProcess service, Path data, int evaluations) throws Exception {
        double[] before = counters(service);
        double[] cpuBefore = cpuSeconds(service, data);
        long[] latencies = new long[evaluations];
        AtomicInteger next = new AtomicInteger();
        AtomicInteger errors = new AtomicInteger();
        HttpClient http = HttpClient.newHttpClient();
        long begin = System.nanoTime();
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                Form form = new Form(ball(c), ball(c + 100));
                byte[] request = KeptConnection.post("/api/v1/evaluations", form.type(), form.body());
                List<Integer> times = REPEATED ? List.of() : modificationTimes(request);
                all.add(clients.submit(() -> {
                    try (KeptConnection connection = new KeptConnection(service.uri("/"))) {
                        for (int i = next.getAndIncrement(); i < evaluations; i = next.getAndIncrement()) {
                            for (int at : times) {
                                ByteBuffer.wrap(request).putInt(at, FILES.incrementAndGet());
                            }
                            long sent = System.nanoTime();
                            if (connection.send(request) != 202) {
                                errors.incrementAndGet();
                            }
                            latencies[i] = System.nanoTime() - sent;
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        long accepted = System.nanoTime();
        // Asking for counters would cost more than scoring; whether anything is left costs an index entry.
        while (any(service, http, "QUEUED") || any(service, http, "RUNNING")) {
            Thread.sleep(50);
        }
        double[] after = counters(service);
        long done = System.nanoTime();
        double[] cpuAfter = cpuSeconds(service, data);
        Arrays.sort(latencies);
        double workerSeconds = (done - begin) / 1e9 * after[3];
        System.out.printf(
                Locale.ROOT,
                "| %d | %.0f | %.0f | %.1f | %.1f | %.0f %% | %.1f | %.1f | %.1f | %d | %.0f |%n",
                evaluations,
                evaluations / ((accepted - begin) / 1e9),
                evaluations / ((done - begin) / 1e9),
                latencies[evaluations / 2] / 1e6,
                latencies[Math.min(evaluations - 1, evaluations * 99 / 100)] / 1e6,
                100 * (after[2] - before[2]) / workerSeconds,
                1000 * (cpuAfter[0] - cpuBefore[0]) / evaluations,
                1000 * (cpuAfter[1] - cpuBefore[1]) / evaluations,
                1000 * (cpuAfter[2] - cpuBefore[2]) / evaluations,
                errors.get(),
                after[1] - before[1]);
        if (errors.get() > 0 || after[1] > before[1]) {
            throw new IllegalStateException("some evaluations failed");
        }
    }

    /** Where the gzip headers in a request have a time, which makes each file a new one for the store, at no cost. */
    private static List<Integer> modificationTimes(byte[] request) {
        List<Integer> found = new ArrayList<>();
        for (int i = 0; i + 8 < request.length; i++) {
            if (request[i] == 0x1f && request[i + 1] == (byte) 0x8b && request[i + 2] == 8 && request[i + 3] == 0) {
                found.add(i + 4);
            }
        }
        if (found.size() != 2) {
            throw new IllegalStateException(found.size() + " gzip headers in a request");
        }
        return found;
    }

    private static boolean any(JarProcess service, HttpClient http, String state)
            throws IOException, InterruptedException {
        String page = http.send(
                        HttpRequest.newBuilder(service.uri("/api/v1/evaluations?limit=1&state=" + state))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        return !page.contains("\"evaluations\":[]");
    }

    /** Processor time so far of the service, of the embedded database with all its processes, and of this process. */
    private static double[] cpuSeconds(JarProcess service, Path data) throws IOException {
        long server = Long.parseLong(Files.readAllLines(data.resolve("postgres").resolve("postmaster.pid"))
                .getFirst()
                .strip());
        double database = Stream.concat(
                        ProcessHandle.of(server).stream(),
                        ProcessHandle.of(server).stream().flatMap(ProcessHandle::children))
                .mapToDouble(SubmissionBenchmark::cpuSeconds)
                .sum();
        return new double[] {
            ProcessHandle.of(service.pid()).map(SubmissionBenchmark::cpuSeconds).orElse(0.0),
            database,
            cpuSeconds(ProcessHandle.current())
        };
    }

    private static double cpuSeconds(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }

    /** Completed, of these not scored, seconds in the engine's stages, workers. */
    private static double[] counters(JarProcess service) throws IOException, InterruptedException {
        String page = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(service.uri("/actuator/prometheus"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        double completed = sum(page, "segmeter_jobs_completed_total\\{[^}]*}");
        double scored = sum(page, "segmeter_jobs_completed_total\\{outcome=\"ok\"}");
        double engine =
                sum(page, "segmeter_job_stage_duration_seconds_sum\\{[^}]*stage=\"(?:decoding|aligning|measuring)\"}");
        return new double[] {completed, completed - scored, engine, sum(page, "segmeter_workers")};
    }

    private static double sum(String page, String series) {
        Matcher matcher = Pattern.compile("(?m)^" + series + " (\\S+)$").matcher(page);
        double sum = 0;
        while (matcher.find()) {
            sum += Double.parseDouble(matcher.group(1));
        }
        return sum;
    }

    /** A gzip-compressed NIfTI-1 label map with a ball of a radius and place that the seed says. */
    static byte[] ball(long seed) throws IOException {
        Random random = new Random(seed);
        double radius = 12 + random.nextInt(8);
        double centre = 28 + random.nextInt(8);
        ByteBuffer file = ByteBuffer.allocate(352 + SIDE * SIDE * SIDE).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dimensions = {3, SIDE, SIDE, SIDE, 1, 1, 1, 1};
        for (int i = 0; i < dimensions.length; i++) {
            file.putShort(40 + 2 * i, dimensions[i]);
        }
        file.putShort(70, (short) 2); // unsigned bytes
        file.putShort(72, (short) 8);
        for (int i = 0; i < 4; i++) {
            file.putFloat(76 + 4 * i, 1);
        }
        file.putFloat(108, 352);
        file.putFloat(112, 1);
        file.put(123, (byte) 2); // millimetres
        file.putShort(254, (short) 1); // sform: scanner coordinates
        file.putFloat(280, 1);
        file.putFloat(300, 1);
        file.putFloat(320, 1);
        file.put(344, new byte[] {'n', '+', '1', 0});
        for (int z = 0; z < SIDE; z++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    double distance = Math.hypot(Math.hypot(x - centre, y - centre), z - centre);
                    file.put(352 + (z * SIDE + y) * SIDE + x, (byte) (distance <= radius ? 1 : 0));
                }
            }
        }
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(file.array());
        }
        return compressed.toByteArray();
    }
}
