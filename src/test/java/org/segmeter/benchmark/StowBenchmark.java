package org.segmeter.benchmark;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.segmeter.format.dicom.SegFixture;
import org.segmeter.process.JarProcess;

/**
 * Eight clients store Segmentation objects of 2 MiB by STOW-RS in the packaged jar, each of a study of its own, one object a request.
 * Beside it, in the same run, as many bytes are written and forced into files of the same directory by as many threads: what the
 * disk allows. Prints errors, latencies, MB/s, the ratio of the two, and the memory of the service before and after: the
 * live heap after a collection, and what the operating system counts. Run by {@code docs/benchmarks.md}, "STOW-RS".
 */
public final class StowBenchmark {

    private static final int CLIENTS = 8;
    private static final int WARM_UP = 100;
    private static final String BOUNDARY = "stow-benchmark";

    private StowBenchmark() {}

    /** @param arguments how many objects; 1000 if not given */
    public static void main(String[] arguments) throws Exception {
        int objects = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1000;
        Path data = Files.createTempDirectory("segmeter-stow");
        try (JarProcess service = JarProcess.start(data, List.of("-Xmx512m")).awaitReady(Duration.ofSeconds(120))) {
            Template template = Template.of(2 << 20);
            store(service, template, 0, WARM_UP);
            long heapBefore = service.liveHeapBytes();
            long residentBefore = service.residentBytes();
            long begin = System.nanoTime();
            long[] latencies = store(service, template, WARM_UP, objects);
            double seconds = (System.nanoTime() - begin) / 1e9;
            long heapAfter = service.liveHeapBytes();
            long residentAfter = service.residentBytes();
            double limit = write(data.resolve("limit"), template.bytes.length, objects);
            Arrays.sort(latencies);
            double megabytes = (double) objects * template.bytes.length / 1e6;
            System.out.printf(
                    Locale.ROOT,
                    "%d objects of %.2f MB, %d clients, no error: %.1f objects/s, %.0f MB/s; p50 %.0f ms, p99 %.0f ms,"
                            + " longest %.0f ms%n",
                    objects,
                    template.bytes.length / 1e6,
                    CLIENTS,
                    objects / seconds,
                    megabytes / seconds,
                    latencies[objects / 2] / 1e6,
                    latencies[Math.min(objects - 1, objects * 99 / 100)] / 1e6,
                    latencies[objects - 1] / 1e6);
            System.out.printf(
                    Locale.ROOT,
                    "writing and forcing the same bytes to the same disk: %.0f MB/s; ratio %.2f%n",
                    megabytes / limit,
                    limit / seconds);
            System.out.printf(
                    Locale.ROOT,
                    "live heap %.1f MiB before, %.1f MiB after; resident %.0f MiB before, %.0f MiB after%n",
                    heapBefore / 1048576.0,
                    heapAfter / 1048576.0,
                    residentBefore / 1048576.0,
                    residentAfter / 1048576.0);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(data);
        }
    }

    /** An object whose UIDs are written over for each request; all have the same length. */
    private record Template(byte[] bytes, List<Integer> studies, List<Integer> series, List<Integer> instances) {

        private static final String DIGITS = "2.25.%d%015d";

        static Template of(int size) {
            int slices = size / (512 * 512 / 8);
            byte[] bytes = SegFixture.ai(uid(1, 0))
                    .slices(512, 512)
                    .box("Liver", "10200004", null, "Liver", new int[] {100, 100, 0}, new int[] {300, 320, slices})
                    .series(uid(2, 0))
                    .sop(uid(3, 0))
                    .bytes();
            return new Template(bytes, places(bytes, uid(1, 0)), places(bytes, uid(2, 0)), places(bytes, uid(3, 0)));
        }

        private static String uid(int kind, int number) {
            return DIGITS.formatted(kind, number);
        }

        private static List<Integer> places(byte[] bytes, String text) {
            List<Integer> places = new ArrayList<>();
            String all = new String(bytes, StandardCharsets.ISO_8859_1);
            for (int at = all.indexOf(text); at >= 0; at = all.indexOf(text, at + 1)) {
                places.add(at);
            }
            if (places.isEmpty()) {
                throw new IllegalStateException("no " + text + " in the object");
            }
            return places;
        }

        byte[] body(int number) {
            byte[] object = bytes.clone();
            write(object, studies, uid(1, number));
            write(object, series, uid(2, number));
            write(object, instances, uid(3, number));
            ByteArrayOutputStream body = new ByteArrayOutputStream(object.length + 200);
            body.writeBytes(("--" + BOUNDARY + "\r\nContent-Type: application/dicom\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(object);
            body.writeBytes(("\r\n--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
            return body.toByteArray();
        }

        private static void write(byte[] object, List<Integer> places, String text) {
            byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
            places.forEach(at -> System.arraycopy(ascii, 0, object, at, ascii.length));
        }
    }

    /** Nanoseconds of each request. */
    private static long[] store(JarProcess service, Template template, int first, int objects) throws Exception {
        long[] latencies = new long[objects];
        AtomicInteger next = new AtomicInteger();
        Queue<String> errors = new ConcurrentLinkedQueue<>();
        HttpClient http = HttpClient.newHttpClient();
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                all.add(clients.submit(() -> {
                    for (int i = next.getAndIncrement(); i < objects; i = next.getAndIncrement()) {
                        HttpRequest request = HttpRequest.newBuilder(service.uri("/dicom-web/studies"))
                                .header(
                                        "Content-Type",
                                        "multipart/related; type=\"application/dicom\"; boundary=" + BOUNDARY)
                                .header("Accept", "application/dicom+json")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(template.body(first + i)))
                                .build();
                        long sent = System.nanoTime();
                        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
                        latencies[i] = System.nanoTime() - sent;
                        if (answer.statusCode() != 200) {
                            errors.add(answer.statusCode() + " " + answer.body());
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        if (!errors.isEmpty()) {
            throw new IllegalStateException(
                    errors.size() + " of " + objects + " failed, the first with " + errors.peek());
        }
        return latencies;
    }

    /** Seconds that it takes to write and force as many files of that size with as many threads. */
    private static double write(Path folder, int size, int files) throws Exception {
        Files.createDirectories(folder);
        byte[] content = new byte[size];
        AtomicInteger next = new AtomicInteger();
        long begin = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                all.add(threads.submit(() -> {
                    for (int i = next.getAndIncrement(); i < files; i = next.getAndIncrement()) {
                        try (FileChannel file = FileChannel.open(
                                folder.resolve(String.valueOf(i)),
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.WRITE)) {
                            ByteBuffer buffer = ByteBuffer.wrap(content);
                            while (buffer.hasRemaining()) {
                                file.write(buffer);
                            }
                            file.force(true);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        return (System.nanoTime() - begin) / 1e9;
    }
}
