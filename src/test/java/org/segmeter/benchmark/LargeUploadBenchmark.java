package org.segmeter.benchmark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;

/**
 * Uploads of 2 GiB and gzip bombs beside honest evaluations, against the packaged jar with 512 MiB of heap. First one large
 * upload alone: the live heap before it, when half of it is sent, and after it. Then two of them and a stream of bombs while four
 * clients submit 200 honest pairs and wait for each: every one of those must be scored. Run by {@code docs/benchmarks.md}, "Large uploads".
 */
public final class LargeUploadBenchmark {

    private static final int HONEST = 200;
    private static final int CLIENTS = 4;
    private static final String BOUNDARY = "large-upload";
    /** 1024 x 1024 x 2048 voxels of a byte. */
    private static final int[] SHAPE = {1024, 1024, 2048};

    private LargeUploadBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        Path data = Files.createTempDirectory("segmeter-large");
        try (JarProcess service = JarProcess.start(data, List.of("-Xmx512m")).awaitReady(Duration.ofSeconds(120));
                HttpClient http = HttpClient.newHttpClient()) {
            byte[] small = SubmissionBenchmark.ball(1);
            scored(http, service, new Form(small, small));
            long before = service.liveHeapBytes();
            long[] half = new long[1];
            int alone = large(http, service, () -> half[0] = service.liveHeapBytes());
            long after = service.liveHeapBytes();
            System.out.printf(
                    Locale.ROOT,
                    "one upload of %.2f GiB, answered %d; live heap %.1f MiB before, %.1f MiB when half was sent, %.1f"
                            + " MiB after%n",
                    voxels() / 1073741824.0,
                    alone,
                    before / 1048576.0,
                    half[0] / 1048576.0,
                    after / 1048576.0);
            beside(http, service);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(data);
        }
    }

    private static void beside(HttpClient http, JarProcess service) throws Exception {
        Form bomb = new Form(bomb(), SubmissionBenchmark.ball(1));
        Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();
        List<Long> times = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger next = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(2);
        try (ExecutorService work = Executors.newCachedThreadPool()) {
            List<Future<?>> hostile = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                hostile.add(work.submit(() -> {
                    count(answers, "large", large(http, service, begun::countDown));
                    return null;
                }));
            }
            hostile.add(work.submit(() -> {
                while (!over.get()) {
                    count(answers, "bomb", status(http, bomb.request(service.uri("/api/v1/evaluations")), true));
                }
                return null;
            }));
            begun.await();
            List<Future<?>> honest = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                honest.add(work.submit(() -> {
                    for (int i = next.getAndIncrement(); i < HONEST; i = next.getAndIncrement()) {
                        long sent = System.nanoTime();
                        scored(
                                http,
                                service,
                                new Form(SubmissionBenchmark.ball(i), SubmissionBenchmark.ball(i + 1000L)));
                        times.add(System.nanoTime() - sent);
                    }
                    return null;
                }));
            }
            for (Future<?> one : honest) {
                one.get();
            }
            over.set(true);
            for (Future<?> one : hostile) {
                one.get();
            }
        }
        Collections.sort(times);
        System.out.printf(
                Locale.ROOT,
                "beside them: %d of %d honest evaluations scored, p50 %.0f ms, p99 %.0f ms; answers to the others %s;"
                        + " live heap %.1f MiB at the end; process alive: %s%n",
                times.size(),
                HONEST,
                times.get(times.size() / 2) / 1e6,
                times.get(times.size() * 99 / 100) / 1e6,
                new TreeMap<>(answers),
                service.liveHeapBytes() / 1048576.0,
                service.isAlive());
    }

    private static void count(Map<String, AtomicInteger> answers, String what, int status) {
        answers.computeIfAbsent(what + " " + status, unused -> new AtomicInteger())
                .incrementAndGet();
    }

    private static long voxels() {
        return (long) SHAPE[0] * SHAPE[1] * SHAPE[2];
    }

    /** Submits a pair and waits until it is scored. */
    private static void scored(HttpClient http, JarProcess service, Form form) throws Exception {
        int status = status(http, form.request(service.uri("/api/v1/evaluations")), true);
        if (status != 200) {
            throw new IllegalStateException("an honest evaluation was answered " + status);
        }
    }

    private static int status(HttpClient http, HttpRequest request, boolean wait) throws Exception {
        HttpRequest.Builder builder = HttpRequest.newBuilder(request, (name, value) -> true);
        if (wait) {
            builder.header("Prefer", "wait=55");
        }
        return http.send(builder.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private interface Halfway {
        void reached() throws Exception;
    }

    /** Sends a volume of 2 GiB as the prediction, without ever holding it. */
    private static int large(HttpClient http, JarProcess service, Halfway halfway) throws Exception {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        part(head, "reference");
        head.writeBytes(SubmissionBenchmark.ball(1));
        head.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        part(head, "prediction");
        head.writeBytes(header());
        byte[] tail = ("\r\n--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII);
        HttpRequest request = HttpRequest.newBuilder(service.uri("/api/v1/evaluations"))
                .timeout(Duration.ofMinutes(10))
                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new SequenceInputStream(
                        new ByteArrayInputStream(head.toByteArray()),
                        new SequenceInputStream(new Zeros(voxels(), halfway), new ByteArrayInputStream(tail)))))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    private static void part(ByteArrayOutputStream out, String name) {
        out.writeBytes(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name
                        + "\"; filename=\"file\"\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] header() {
        ByteBuffer header = ByteBuffer.allocate(352).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0, 348);
        header.putShort(40, (short) 3);
        for (int i = 0; i < 7; i++) {
            header.putShort(42 + 2 * i, (short) (i < 3 ? SHAPE[i] : 1));
        }
        header.putShort(70, (short) 2);
        header.putShort(72, (short) 8);
        for (int i = 0; i < 4; i++) {
            header.putFloat(76 + 4 * i, 1);
        }
        header.putFloat(108, 352);
        header.put(344, new byte[] {'n', '+', '1', 0});
        return header.array();
    }

    /** 64 x 64 x 64 voxels as the header says, and 4 GiB of zeros behind them. */
    private static byte[] bomb() throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            byte[] header = header();
            ByteBuffer.wrap(header)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putShort(42, (short) 64)
                    .putShort(44, (short) 64)
                    .putShort(46, (short) 64);
            gzip.write(header);
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 4096; i++) {
                gzip.write(zeros);
            }
        }
        return compressed.toByteArray();
    }

    /** So many zeros; says when half of them are read. */
    private static final class Zeros extends InputStream {
        private final long half;
        private final Halfway halfway;
        private long left;

        Zeros(long count, Halfway halfway) {
            this.left = count;
            this.half = count / 2;
            this.halfway = halfway;
        }

        @Override
        public int read() {
            return left-- > 0 ? 0 : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int n = (int) Math.min(left, length);
            java.util.Arrays.fill(into, offset, offset + n, (byte) 0);
            if (left > half && left - n <= half) {
                try {
                    halfway.reached();
                } catch (Exception e) {
                    throw new IOException(e);
                }
            }
            left -= n;
            return n;
        }
    }
}
