package org.segmeter.process;

import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.util.FileSystemUtils;

/**
 * What a second replica adds. Each has one thread that scores, and the database is as far away as in another building, so that an evaluation
 * is mostly waiting and two processors suffice for both: the replicas are measured, not the processors. The queue is never empty. One replica,
 * then two, then one again. Run by {@code docs/benchmarks.md}, "Replicas".
 */
public final class ReplicaBenchmark {

    /** So many wait at least, before and during a measurement. */
    private static final int WAITING = 40;

    private static final int CLIENTS = 6;

    private ReplicaBenchmark() {}

    /** @param arguments seconds of each of the three measurements (60), and milliseconds that a message to or from the database takes (20) */
    public static void main(String[] arguments) throws Exception {
        Duration each = Duration.ofSeconds(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 60);
        Duration delay = Duration.ofMillis(arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20);
        Path directory = Files.createTempDirectory("segmeter-replicas");
        try (Replicas shared = new Replicas(directory);
                FaultProxy far = new FaultProxy(shared.database().port(), 1);
                JarProcess first = shared.start(0, far.port()).awaitReady(CrashRun.PATIENCE);
                Connection database = shared.database().connect()) {
            far.latency(delay, Duration.ZERO);
            double before = perSecond(List.of(first), database, each);
            double two;
            far.heal();
            try (JarProcess second = shared.start(1, far.port()).awaitReady(CrashRun.PATIENCE)) {
                far.latency(delay, Duration.ZERO);
                two = perSecond(List.of(first, second), database, each);
                far.heal();
            }
            far.latency(delay, Duration.ZERO);
            double after = perSecond(List.of(first), database, each);
            far.heal();
            System.out.printf(
                    Locale.ROOT,
                    "%d processors, database %d ms away, one scoring thread a replica: one replica %.2f/s, two %.2f/s,"
                            + " one again %.2f/s; two score %.2f times what one does%n",
                    Runtime.getRuntime().availableProcessors(),
                    delay.toMillis(),
                    before,
                    two,
                    after,
                    2 * two / (before + after));
        } finally {
            FileSystemUtils.deleteRecursively(directory);
        }
    }

    /** Evaluations that end a second, while clients keep the queue filled through all of the replicas. */
    private static double perSecond(List<JarProcess> replicas, Connection database, Duration time) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Volumes volumes = new Volumes();
        Ledger ledger = new Ledger();
        AtomicInteger waiting = new AtomicInteger();
        try (Clients clients = new Clients().start(CLIENTS, new Random(), own -> {
            if (waiting.get() < 2 * WAITING) {
                JarProcess replica = replicas.get(own.nextInt(replicas.size()));
                waiting.addAndGet(
                        ledger.submit(http, volumes.pair(own).request(replica.uri("/api/v1/evaluations")))
                                        .isAcknowledged()
                                ? 1
                                : 0);
            } else {
                TimeUnit.MILLISECONDS.sleep(100);
            }
            return true;
        })) {
            // Filled, and the replicas warm.
            int begun = ended(database);
            do {
                look(database, waiting);
            } while (waiting.get() < WAITING || ended(database) - begun < 20);
            int before = ended(database);
            long begin = System.nanoTime();
            while (System.nanoTime() - begin < time.toNanos()) {
                look(database, waiting);
                if (waiting.get() == 0) {
                    throw new IOException("the queue ran empty: the clients were measured");
                }
            }
            int after = ended(database);
            double seconds = (System.nanoTime() - begin) / 1e9;
            clients.stop();
            return (after - before) / seconds;
        }
    }

    private static void look(Connection database, AtomicInteger waiting) throws Exception {
        TimeUnit.MILLISECONDS.sleep(250);
        waiting.set(Ledger.number(database, "select count(*) from evaluation where state = 'QUEUED'"));
    }

    private static int ended(Connection database) throws Exception {
        return Ledger.number(database, "select count(*) from evaluation where state = 'SUCCEEDED'");
    }
}
