package org.segmeter.benchmark;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.segmeter.process.Form;
import org.segmeter.process.JarProcess;

/**
 * Sends the packaged jar many times what it can score, without waiting for answers, and prints what was answered, how long a refusal took
 * and after what time the service was itself again. Run by {@code docs/benchmarks.md}, "Overload".
 */
public final class OverloadBenchmark {

    private static final int TIMES = 20;

    /** Requests that may be under way; a client that has more does not measure the service but itself. */
    private static final int MOST_OPEN = 2000;

    private OverloadBenchmark() {}

    private record Answered(int status, long sent, long nanos, boolean hasRetryAfter) {
        boolean isRefusal() {
            return status == 503 || status == 429 || status == 507;
        }
    }

    /** @param arguments seconds of overload; 60 if not given */
    public static void main(String[] arguments) throws Exception {
        int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 60;
        Path data = Files.createTempDirectory("segmeter-overload");
        try (JarProcess service = JarProcess.start(
                        data, List.of("-Xmx1g"), "--segmeter.queue-limit=200", "--segmeter.upload.slots-per-client=0")
                .awaitReady(Duration.ofSeconds(120))) {
            run(service, seconds);
        } finally {
            org.springframework.util.FileSystemUtils.deleteRecursively(data);
        }
    }

    private static void run(JarProcess service, int seconds) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Form form = new Form(SubmissionBenchmark.ball(1), SubmissionBenchmark.ball(101));
        // What the service can do: a queue that never runs empty, for ten seconds after a warm-up.
        keepBusy(http, service, form, 5);
        double before = completed(http, service);
        long begin = System.nanoTime();
        keepBusy(http, service, form, 10);
        double capacity = (completed(http, service) - before) / ((System.nanoTime() - begin) / 1e9);

        double perSecond = TIMES * capacity;
        Queue<Answered> answers = new ConcurrentLinkedQueue<>();
        Semaphore open = new Semaphore(MOST_OPEN);
        long notSent = 0;
        long start = System.nanoTime();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long i = 0; System.nanoTime() - start < seconds * 1_000_000_000L; i++) {
                long due = start + (long) (i / perSecond * 1e9);
                java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
                if (!open.tryAcquire()) {
                    notSent++;
                    continue;
                }
                clients.execute(() -> {
                    try {
                        answers.add(submit(http, service, form));
                    } finally {
                        open.release();
                    }
                });
            }
        }
        long over = System.nanoTime();
        long recovered = -1;
        // Itself again: ten submissions in a row, at a tenth of what it can do, are accepted.
        for (int inRow = 0; inRow < 10 && System.nanoTime() - over < 120_000_000_000L; ) {
            boolean accepted = submit(http, service, form).status() == 202;
            inRow = accepted ? inRow + 1 : 0;
            if (inRow == 1) {
                recovered = System.nanoTime();
            }
            Thread.sleep((long) Math.min(1000, 10_000 / capacity));
        }
        Map<Integer, Integer> statuses = new TreeMap<>();
        answers.forEach(answer -> statuses.merge(answer.status(), 1, Integer::sum));
        long[] refusals = answers.stream()
                .filter(Answered::isRefusal)
                .mapToLong(Answered::nanos)
                .sorted()
                .toArray();
        long withoutTime = answers.stream()
                .filter(answer -> answer.status() >= 429 && !answer.hasRetryAfter())
                .count();
        System.out.printf(
                Locale.ROOT,
                "capacity %.1f/s; %d s at %.0f/s: %d requests (%d not sent by a client that was full), statuses %s; %d"
                        + " refusals, p50 %.1f ms, p99 %.1f ms, %d without Retry-After; accepted again after %.1f s%n",
                capacity,
                seconds,
                perSecond,
                answers.size(),
                notSent,
                statuses,
                refusals.length,
                refusals.length == 0 ? 0 : refusals[refusals.length / 2] / 1e6,
                refusals.length == 0 ? 0 : refusals[Math.min(refusals.length - 1, refusals.length * 99 / 100)] / 1e6,
                withoutTime,
                (recovered - over) / 1e9);
        // Whether refusals are slow all the time, or all wait for a moment in which the machine does something else.
        Map<Long, Long> longestOfSecond = new TreeMap<>();
        answers.stream()
                .filter(Answered::isRefusal)
                .forEach(answer ->
                        longestOfSecond.merge((answer.sent() - start) / 1_000_000_000L, answer.nanos(), Math::max));
        System.out.printf(
                "%d of %d seconds had a refusal that took more than 50 ms: %s%n",
                longestOfSecond.values().stream().filter(n -> n > 50_000_000L).count(),
                longestOfSecond.size(),
                longestOfSecond.entrySet().stream()
                        .filter(second -> second.getValue() > 50_000_000L)
                        .map(second -> second.getKey() + " s: " + second.getValue() / 1_000_000 + " ms")
                        .toList());
        boolean polite = statuses.keySet().stream().allMatch(status -> status == 202 || status == 429 || status == 503);
        if (!polite || refusals.length == 0 || withoutTime > 0 || recovered < 0) {
            throw new IllegalStateException("the service was not polite under overload");
        }
    }

    private static void keepBusy(HttpClient http, JarProcess service, Form form, int seconds) throws Exception {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        while (System.nanoTime() < end) {
            if (submit(http, service, form).status() != 202) {
                Thread.sleep(50); // the queue is full, which is what is wanted
            }
        }
    }

    private static Answered submit(HttpClient http, JarProcess service, Form form) {
        long sent = System.nanoTime();
        try {
            HttpResponse<Void> answer =
                    http.send(form.request(service.uri("/api/v1/evaluations")), HttpResponse.BodyHandlers.discarding());
            return new Answered(
                    answer.statusCode(),
                    sent,
                    System.nanoTime() - sent,
                    answer.headers().firstValue("Retry-After").isPresent());
        } catch (IOException e) {
            return new Answered(0, sent, System.nanoTime() - sent, false);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answered(-1, sent, System.nanoTime() - sent, false);
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
