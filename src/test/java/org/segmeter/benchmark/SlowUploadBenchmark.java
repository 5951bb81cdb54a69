package org.segmeter.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;

/**
 * Many uploads of a byte each ten seconds from one address, and an honest client from another one. Prints what became of the slow ones
 * and when, whether each honest submission was accepted and scored, and how long the health check took. Arguments: slow uploads
 * (default 500), seconds (default 75). Run by {@code docs/benchmarks.md}, "Slow uploads".
 */
public final class SlowUploadBenchmark {

    private static final InetSocketAddress ANY_PORT_OF_ANOTHER_ADDRESS = new InetSocketAddress("127.0.0.2", 0);

    private SlowUploadBenchmark() {}

    /** @param status of the answer; 0 if the connection was closed without one, -1 if it was still open at the end */
    private record Ended(int status, double seconds) {}

    public static void main(String[] arguments) throws Exception {
        int number = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 500;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 75;
        Path data = Files.createTempDirectory("segmeter-slow");
        try (JarProcess service = JarProcess.start(data, List.of("-Xmx512m")).awaitReady(Duration.ofSeconds(120))) {
            HttpClient http = HttpClient.newHttpClient();
            for (int i = 0; i < 20; i++) {
                scored(http, service, i);
            }
            long end = System.nanoTime() + seconds * 1_000_000_000L;
            Queue<Ended> slow = new ConcurrentLinkedQueue<>();
            List<Long> health = new ArrayList<>();
            int honest = 0;
            int scored = 0;
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> work = new ArrayList<>();
                for (int i = 0; i < number; i++) {
                    work.add(threads.submit(() -> slow.add(slowly(service, end))));
                }
                while (System.nanoTime() < end) {
                    honest++;
                    scored += scored(http, service, 100 + honest) ? 1 : 0;
                    long begin = System.nanoTime();
                    HttpResponse<Void> live = http.send(
                            HttpRequest.newBuilder(service.uri("/livez")).build(),
                            HttpResponse.BodyHandlers.discarding());
                    health.add(System.nanoTime() - begin);
                    if (live.statusCode() != 200) {
                        throw new IllegalStateException("liveness failed: " + live.statusCode());
                    }
                    Thread.sleep(200);
                }
                for (Future<?> one : work) {
                    one.get();
                }
            }
            Map<Integer, Integer> statuses = new TreeMap<>();
            slow.forEach(ended -> statuses.merge(ended.status(), 1, Integer::sum));
            double longest = slow.stream().mapToDouble(Ended::seconds).max().orElse(0);
            health.sort(null);
            System.out.printf(
                    Locale.ROOT,
                    "%d slow uploads: %s (0: closed without an answer, -1: not ended), the last ended after %.1f s;"
                            + " honest submissions: %d, scored %d; health p50 %.1f ms, p99 %.1f ms, longest %.1f ms%n",
                    number,
                    statuses,
                    longest,
                    honest,
                    scored,
                    health.get(health.size() / 2) / 1e6,
                    health.get((int) (health.size() * 0.99)) / 1e6,
                    health.getLast() / 1e6);
            if (scored < honest || statuses.containsKey(-1) || statuses.containsKey(202)) {
                throw new IllegalStateException("slow uploads disturbed the service");
            }
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(data);
        }
    }

    private static boolean scored(HttpClient http, JarProcess service, int seed)
            throws IOException, InterruptedException {
        Form form = new Form(SubmissionBenchmark.ball(seed), SubmissionBenchmark.ball(1000 + seed));
        HttpRequest request = HttpRequest.newBuilder(
                        form.request(service.uri("/api/v1/evaluations")), (name, value) -> true)
                .header("Prefer", "wait=30")
                .build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            System.out.println("honest submission: " + answer.statusCode() + " " + answer.body());
        }
        return answer.statusCode() == 200;
    }

    /** Sends the fields of a request, then a byte of its body each ten seconds, until the service has had enough of it. */
    private static Ended slowly(JarProcess service, long until) throws IOException {
        long begin = System.nanoTime();
        try (Socket socket = new Socket()) {
            socket.bind(ANY_PORT_OF_ANOTHER_ADDRESS);
            socket.connect(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), service.uri("/").getPort()));
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("POST /api/v1/evaluations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
                                    + "Content-Type: multipart/form-data; boundary=slow\r\n\r\n--slow\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            byte[] answer = new byte[1024];
            while (System.nanoTime() < until) {
                try {
                    int length = in.read(answer);
                    return new Ended(length < 12 ? 0 : status(answer), (System.nanoTime() - begin) / 1e9);
                } catch (SocketTimeoutException e) {
                    socket.getOutputStream().write('-');
                }
            }
            return new Ended(-1, (System.nanoTime() - begin) / 1e9);
        } catch (IOException e) {
            return new Ended(0, (System.nanoTime() - begin) / 1e9);
        }
    }

    private static int status(byte[] answer) {
        // HTTP/1.1 408
        return Integer.parseInt(new String(answer, 9, 3, StandardCharsets.US_ASCII));
    }
}
