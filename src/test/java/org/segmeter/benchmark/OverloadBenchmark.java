package org.segmeter.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.segmeter.benchmark.OpenLoop.Answer;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;
import org.springframework.util.FileSystemUtils;

/**
 * Sends the packaged jar many times what it can score, without waiting for answers, and prints what was answered, how long a refusal took, of
 * that time what passed in the service, and after what time the service was itself again. The client is one thread ({@link OpenLoop}) that goes
 * before others where the system lets it, so that it measures the service and not its own wait for the processors they share. Run by {@code docs/benchmarks.md}, "Overload".
 */
public final class OverloadBenchmark {

    private static final int TIMES = 20;

    /** Submissions a second that keep a service busy and refuse itself little. */
    private static final int BUSY = 300;

    /** Requests that may be under way; a client that has more does not measure the service but itself. */
    private static final int MOST_OPEN = 2000;

    private static final String NUMBER = "X-Request-Id";

    /** Number, status, when the first byte of the request was read (ms since 1970), microseconds from then to the end of the answer. */
    private static final String ACCESS = "%{" + NUMBER + "}i %s %{begin:msec}t %D";

    private OverloadBenchmark() {}

    /** A request as the service saw it. */
    private record Served(long begunMillis, long micros) {}

    /** @param arguments seconds of overload; 60 if not given */
    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 60;
        Path data = Files.createTempDirectory("segmeter-overload");
        Path access = Files.createTempDirectory("segmeter-access");
        Path pauses = access.resolve("gc.log");
        try {
            Run run;
            try (JarProcess service = JarProcess.start(
                            data,
                            List.of("-Xmx1g", "-Xlog:safepoint:file=" + pauses + ":uptime"),
                            "--segmeter.queue-limit=200",
                            "--segmeter.upload.slots-per-client=0",
                            "--server.tomcat.accesslog.enabled=true",
                            "--server.tomcat.accesslog.directory=" + access,
                            "--server.tomcat.accesslog.pattern=" + ACCESS)
                    .awaitReady(Duration.ofSeconds(120))) {
                run = run(service, seconds);
            }
            // Written when the service has ended.
            report(run, served(access), pauses);
        } finally {
            FileSystemUtils.deleteRecursively(data);
            FileSystemUtils.deleteRecursively(access);
        }
    }

    private record Run(double capacity, int seconds, OpenLoop.Outcome overload, double recovered, Kernel kernel) {

        List<Answer> answers() {
            return overload.answers();
        }
    }

    private static Run run(JarProcess service, int seconds) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Form form = new Form(SubmissionBenchmark.ball(1), SubmissionBenchmark.ball(101));
        AtomicLong numbers = new AtomicLong();
        // What the service can do when its code is compiled: a queue that never runs empty.
        keepBusy(service, form, numbers, 60);
        double before = completed(http, service);
        long begin = System.nanoTime();
        keepBusy(service, form, numbers, 10);
        double capacity = (completed(http, service) - before) / ((System.nanoTime() - begin) / 1e9);

        double perSecond = TIMES * capacity;
        Kernel kernel = Kernel.now();
        OpenLoop.Outcome overload = loop(service, form).run(numbers.get() + 1, perSecond, seconds);
        numbers.addAndGet((long) (perSecond * seconds));
        kernel = Kernel.now().since(kernel);
        long over = System.nanoTime();
        long recovered = -1;
        // Itself again: ten submissions in a row, at a tenth of what it can do, are accepted.
        for (int inRow = 0; inRow < 10 && System.nanoTime() - over < 120_000_000_000L; ) {
            boolean accepted = submit(service, form, numbers) == 202;
            inRow = accepted ? inRow + 1 : 0;
            if (inRow == 1) {
                recovered = System.nanoTime();
            }
            Thread.sleep((long) Math.min(1000, 10_000 / capacity));
        }
        return new Run(capacity, seconds, overload, recovered < 0 ? -1 : (recovered - over) / 1e9, kernel);
    }

    private static void report(Run run, Map<Long, Served> served, Path pauses) throws IOException {
        List<Answer> refusals = run.answers().stream().filter(Answer::isRefusal).toList();
        Map<Integer, Integer> statuses = new TreeMap<>();
        run.answers().forEach(answer -> statuses.merge(answer.status(), 1, Integer::sum));
        long withoutTime = run.answers().stream()
                .filter(answer -> answer.status() >= 429 && !answer.hasRetryAfter())
                .count();
        System.out.printf(
                Locale.ROOT,
                "capacity %.1f/s; %d s at %.0f/s: %d requests (%d not sent by a client that was full), statuses %s; %d"
                        + " refusals, %d without Retry-After; accepted again after %.1f s%n",
                run.capacity(),
                run.seconds(),
                TIMES * run.capacity(),
                run.answers().size(),
                run.overload().notSent(),
                statuses,
                refusals.size(),
                withoutTime,
                run.recovered());
        System.out.printf("%n| time of a refusal, ms | p50 | p99 | longest |%n|---|---:|---:|---:|%n");
        row("**from the connection asked for to the answer**", refusals, one -> one.answeredNanos() / 1e6);
        row(
                "**in the service, first byte read to answer written**",
                refusals,
                one -> served.containsKey(one.number())
                        ? served.get(one.number()).micros() / 1e3
                        : Double.NaN);
        row("before: sent after it was due (not in the above)", refusals, one -> one.lateNanos() / 1e6);
        row("from the connection asked for to connected (kernel)", refusals, one -> one.connectedNanos() / 1e6);
        row(
                "from the connection asked for to first byte read (kernel, acceptor, thread; to 1 ms)",
                refusals,
                one -> served.containsKey(one.number())
                        ? Math.max(0, served.get(one.number()).begunMillis() - one.begunMillis())
                        : Double.NaN);
        System.out.printf(
                Locale.ROOT,
                "%nthe client goes before others: %s%nkernel: %s%nvirtual machine of the service: longest stop %.1f"
                        + " ms%n",
                run.overload().urgent() ? "yes" : "NO, its own wait for a processor is in these times (it takes root)",
                run.kernel(),
                longestStop(pauses));
        // Whether refusals are slow all the time, or all wait for a moment in which the machine does something else.
        Map<Long, Long> longestOfSecond = new TreeMap<>();
        refusals.forEach(
                answer -> longestOfSecond.merge(answer.dueNanos() / 1_000_000_000L, answer.answeredNanos(), Math::max));
        System.out.printf(
                "%d of %d seconds had a refusal that took more than 50 ms: %s%n",
                longestOfSecond.values().stream().filter(n -> n > 50_000_000L).count(),
                longestOfSecond.size(),
                longestOfSecond.entrySet().stream()
                        .filter(second -> second.getValue() > 50_000_000L)
                        .map(second -> second.getKey() + " s: " + second.getValue() / 1_000_000 + " ms")
                        .toList());
        System.out.println("the slowest: ms in all, until connected, until the first byte was read, in the service");
        refusals.stream()
                .sorted(Comparator.comparingLong(Answer::answeredNanos).reversed())
                .limit(8)
                .forEach(one -> {
                    Served seen = served.getOrDefault(one.number(), new Served(0, 0));
                    System.out.printf(
                            Locale.ROOT,
                            "  second %d: %.1f, %.1f, %d, %.1f%n",
                            one.dueNanos() / 1_000_000_000L,
                            one.answeredNanos() / 1e6,
                            one.connectedNanos() / 1e6,
                            seen.begunMillis() - one.begunMillis(),
                            seen.micros() / 1e3);
                });
        boolean polite = statuses.keySet().stream().allMatch(status -> status == 202 || status == 429 || status == 503);
        if (!polite || refusals.isEmpty() || withoutTime > 0 || run.recovered() < 0) {
            throw new IllegalStateException("the service was not polite under overload");
        }
    }

    private static void row(String name, List<Answer> refusals, ToDoubleFunction<Answer> millis) {
        double[] sorted = refusals.stream()
                .mapToDouble(millis)
                .filter(one -> !Double.isNaN(one))
                .sorted()
                .toArray();
        if (sorted.length > 0) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.1f |%n",
                    name,
                    sorted[sorted.length / 2],
                    sorted[(int) (sorted.length * 99L / 100)],
                    sorted[sorted.length - 1]);
        }
    }

    private static void keepBusy(JarProcess service, Form form, AtomicLong numbers, int seconds)
            throws IOException, InterruptedException {
        loop(service, form).run(numbers.get() + 1, BUSY, seconds);
        numbers.addAndGet((long) BUSY * seconds);
    }

    private static OpenLoop loop(JarProcess service, Form form) {
        URI uri = service.uri("/api/v1/evaluations");
        byte[] body = form.body();
        return new OpenLoop(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), uri.getPort()),
                number -> {
                    byte[] head =
                            "POST %s HTTP/1.1\r\nHost: %s:%d\r\n%s: %d\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                                    .formatted(
                                            uri.getPath(),
                                            uri.getHost(),
                                            uri.getPort(),
                                            NUMBER,
                                            number,
                                            form.type(),
                                            body.length)
                                    .getBytes(StandardCharsets.US_ASCII);
                    byte[] request = Arrays.copyOf(head, head.length + body.length);
                    System.arraycopy(body, 0, request, head.length, body.length);
                    return request;
                },
                MOST_OPEN);
    }

    /** The status of one submission. */
    private static int submit(JarProcess service, Form form, AtomicLong numbers)
            throws IOException, InterruptedException {
        return loop(service, form)
                .run(numbers.incrementAndGet(), 1, 1)
                .answers()
                .getFirst()
                .status();
    }

    private static Map<Long, Served> served(Path access) throws IOException {
        Map<Long, Served> served = new HashMap<>();
        try (Stream<Path> files = Files.list(access)) {
            files.filter(file -> String.valueOf(file.getFileName()).startsWith("access_log"))
                    .flatMap(OverloadBenchmark::lines)
                    .map(line -> line.split(" ", -1))
                    .filter(fields -> !fields[0].equals("-"))
                    .forEach(fields -> served.put(
                            Long.parseLong(fields[0]),
                            new Served(Long.parseLong(fields[2]), Long.parseLong(fields[3]))));
        }
        return served;
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.lines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Milliseconds of the longest time in which no thread of the service ran for the virtual machine's sake. */
    private static double longestStop(Path pauses) throws IOException {
        try (Stream<String> lines = Files.lines(pauses)) {
            return lines.filter(line -> line.contains("Total: "))
                            .mapToDouble(line -> Double.parseDouble(
                                    line.replaceAll(".*Total:\\s*", "").replaceAll("\\D.*", "")))
                            .max()
                            .orElse(0)
                    / 1e6;
        }
    }

    /** What Linux counts of connections that it dropped, from {@code /proc/net/netstat} (proc(5)), of the whole machine. */
    private record Kernel(Map<String, Long> counts) {

        private static final List<String> NAMES = List.of("ListenOverflows", "ListenDrops", "TCPTimeouts");

        static Kernel now() throws IOException {
            Map<String, Long> counts = new TreeMap<>();
            Path file = Path.of("/proc/net/netstat");
            if (Files.exists(file)) {
                List<String> lines = Files.readAllLines(file);
                for (int i = 0; i + 1 < lines.size(); i += 2) {
                    String[] names = lines.get(i).split(" ", -1);
                    String[] values = lines.get(i + 1).split(" ", -1);
                    for (String name : NAMES) {
                        int at = Arrays.asList(names).indexOf(name);
                        if (at > 0) {
                            counts.put(name, Long.parseLong(values[at]));
                        }
                    }
                }
            }
            return new Kernel(counts);
        }

        Kernel since(Kernel before) {
            Map<String, Long> passed = new TreeMap<>();
            counts.forEach((name, n) -> passed.put(name, n - before.counts().getOrDefault(name, 0L)));
            return new Kernel(passed);
        }

        @Override
        public String toString() {
            return "connections that found no place in the queue of the listening socket, dropped, and tried again"
                    + " later "
                    + counts;
        }
    }

    private static double completed(HttpClient http, JarProcess service) throws IOException, InterruptedException {
        String page = http.send(
                        HttpRequest.newBuilder(service.uri("/actuator/prometheus"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        return Arrays.stream(page.split("\n", -1))
                .filter(line -> line.startsWith("segmeter_jobs_completed_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
