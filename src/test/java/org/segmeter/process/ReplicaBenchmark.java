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
import org.springframework.util.FileSystemUtils;

/**
 * What a second replica adds. Each has one thread that scores, and the database is as far away as in another building, so that an evaluation
 * is mostly waiting and two processors suffice for both: the replicas are measured, not the processors. The queue is filled before and never empty. One
 * replica, then two, then one again. Run by {@code docs/benchmarks.md}, "Replicas".
 */
public final class ReplicaBenchmark {

    /** Evaluations that wait when a measurement begins, for each second of it: more than two replicas can score. */
    private static final int WAITING_FOR_A_SECOND = 40;

    private static final int CLIENTS = 16;

    private static final Duration SETTLING = Duration.ofSeconds(5);

    /** At most this long until that many wait. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

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
            double before = perSecond(List.of(first), far, delay, database, each);
            double two;
            try (JarProcess second = shared.start(1, far.port()).awaitReady(CrashRun.PATIENCE)) {
                two = perSecond(List.of(first, second), far, delay, database, each);
            }
            double after = perSecond(List.of(first), far, delay, database, each);
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

    /** Evaluations that end a second: the queue is filled while the database is near, and nobody submits while it is far away and the time runs. */
    private static double perSecond(
            List<JarProcess> replicas, FaultProxy far, Duration delay, Connection database, Duration time)
            throws Exception {
        fill(replicas, database, (int) (WAITING_FOR_A_SECOND * (time.toSeconds() + SETTLING.toSeconds())));
        far.latency(delay, Duration.ZERO);
        try {
            Thread.sleep(SETTLING);
            int before = ended(database);
            long begin = System.nanoTime();
            Thread.sleep(time);
            int after = ended(database);
            double seconds = (System.nanoTime() - begin) / 1e9;
            if (waiting(database) == 0) {
                throw new IOException("the queue ran empty; a longer delay makes evaluations take longer");
            }
            return (after - before) / seconds;
        } finally {
            far.heal();
        }
    }

    private static void fill(List<JarProcess> replicas, Connection database, int evaluations) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Volumes volumes = new Volumes();
        Ledger ledger = new Ledger();
        long end = System.nanoTime() + PATIENCE.toNanos();
        try (Clients clients = new Clients().start(CLIENTS, new Random(), own -> {
            JarProcess replica = replicas.get(own.nextInt(replicas.size()));
            ledger.submit(http, volumes.pair(own).request(replica.uri("/api/v1/evaluations")));
            return true;
        })) {
            while (waiting(database) < evaluations) {
                if (System.nanoTime() > end) {
                    throw new IOException("the queue is not filled: the clients are slower than the replicas");
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
            clients.stop();
        }
    }

    private static int waiting(Connection database) throws Exception {
        return Ledger.number(database, "select count(*) from evaluation where state = 'QUEUED'");
    }

    private static int ended(Connection database) throws Exception {
        return Ledger.number(database, "select count(*) from evaluation where state = 'SUCCEEDED'");
    }
}
