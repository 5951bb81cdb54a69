package org.segmeter.process;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Replicas of the jar on one PostgreSQL and one bucket, with nothing else in common. They are put to sleep for longer than their lease,
 * killed and started again while clients submit to all of them.
 */
final class ReplicaRun implements AutoCloseable {

    /** A worker is dead after four of these; a tenth of the service's own setting, so that a test need not wait. */
    private static final Duration HEARTBEAT = Duration.ofMillis(400);

    private static final Duration LEASE = HEARTBEAT.multipliedBy(4);

    private final Random random;
    private final Volumes volumes = new Volumes();
    private final Ledger ledger = new Ledger();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Replicas shared;
    private final List<JarProcess> replicas = new CopyOnWriteArrayList<>();
    private final AtomicInteger sleeps = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger drains = new AtomicInteger();
    private final long begin = System.nanoTime();
    private final double processor = ProcessorTime.own() + ProcessorTime.ofEnded();
    private int oneLaboriousIn = 1;
    private int fencedOfTheDead;

    ReplicaRun(Path directory, int number, long seed) throws Exception {
        this.random = new Random(seed);
        this.shared = new Replicas(directory);
        for (int i = 0; i < number; i++) {
            replicas.add(start(i));
        }
        for (JarProcess replica : replicas) {
            replica.awaitReady(CrashRun.PATIENCE);
        }
    }

    /** What a run did and found. */
    record Report(
            int replicas,
            int sleeps,
            int kills,
            int rollingRestarts,
            int fenced,
            Ledger.Verdict verdict,
            Duration time,
            double processorSeconds) {

        FaultReport.Part part(String build, String begun, long seed) {
            return new FaultReport.Part(
                    FaultReport.REPLICAS,
                    build,
                    begun,
                    seed,
                    time.toSeconds(),
                    processorSeconds,
                    Map.of(
                            FaultReport.SLEEPS,
                            sleeps,
                            FaultReport.KILLS,
                            kills,
                            FaultReport.FENCED,
                            fenced,
                            FaultReport.RESTARTS,
                            rollingRestarts),
                    null,
                    Map.of(),
                    List.of(),
                    verdict);
        }

        @Override
        public String toString() {
            return "%d replicas, %d sleeps longer than the lease, %d kills, %d restarts in good order, %d results fenced; %s; %d s"
                    .formatted(replicas, sleeps, kills, rollingRestarts, fenced, verdict, time.toSeconds());
        }
    }

    private JarProcess start(int number) throws IOException {
        return shared.start(
                number, shared.database().port(), "--db-scheduler.heartbeat-interval=" + HEARTBEAT.toMillis() + "ms");
    }

    /** Submits until this many are acknowledged, while replicas are put to sleep and killed. */
    void disturb(int jobs, int clients, long untilNanos) throws Exception {
        // Sleeps must meet work. In a long run enough of them do when one in some is laborious.
        oneLaboriousIn = jobs >= 1000 ? 8 : 1;
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger left = new AtomicInteger(jobs);
        AtomicInteger troubles = new AtomicInteger();
        try (Clients submitting = new Clients().start(clients, random, own -> {
                    if (left.getAndDecrement() <= 0 || System.nanoTime() > untilNanos) {
                        return false;
                    }
                    String key = UUID.randomUUID().toString();
                    while (!submit(own, key) && System.nanoTime() < untilNanos) {
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                    return true;
                });
                Clients trouble = new Clients().start(1, random, own -> {
                    int i = troubles.getAndIncrement();
                    if (i % 4 == 3) {
                        kill(own.nextInt(replicas.size()));
                    } else if (i % 4 == 1) {
                        sleepUntilOvertaken(replicas.get(own.nextInt(replicas.size())), own);
                    } else {
                        sleep(replicas.get(own.nextInt(replicas.size())), own);
                    }
                    return !over.get();
                })) {
            submitting.await();
            // While there is work left a sleep can still overtake a result.
            try (Connection connection = shared.database().connect()) {
                long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
                while (Ledger.unfinished(connection) > 0 && System.nanoTime() < end) {
                    Thread.sleep(200);
                }
            }
            over.set(true);
            trouble.await();
        }
        // At least once, whatever the random sleeps met.
        for (int i = 0; i < 10 && fenced() == 0; i++) {
            sleepUntilOvertaken(replicas.get(i % replicas.size()), random);
        }
    }

    /** Submits while the replicas are restarted in good order, one after the other. */
    void rollingRestarts(int restarts, int clients, long untilNanos) throws Exception {
        try (Clients submitting = new Clients().start(clients, random, own -> {
            submit(own, UUID.randomUUID().toString());
            return true;
        })) {
            for (int i = 0; i < restarts && System.nanoTime() < untilNanos; i++) {
                int which = i % replicas.size();
                JarProcess old = replicas.get(which);
                old.terminate(CrashRun.PATIENCE);
                fencedOfTheDead += fenced(old);
                old.close();
                replicas.set(which, start(which).awaitReady(CrashRun.PATIENCE));
                drains.incrementAndGet();
            }
            submitting.stop();
        }
    }

    /** What is true once nothing is left to do. */
    Report finish() throws Exception {
        try (Connection connection = shared.database().connect()) {
            CrashRun.awaitNothingLeft(connection);
            int fenced = fenced();
            Ledger.Verdict verdict = ledger.check(connection, shared.objects());
            double used = ProcessorTime.ofTree(shared.database().pid());
            for (JarProcess replica : replicas) {
                used += ProcessorTime.ofTree(replica.pid());
            }
            return new Report(
                    replicas.size(),
                    sleeps.get(),
                    kills.get(),
                    drains.get(),
                    fenced,
                    verdict,
                    Duration.ofNanos(System.nanoTime() - begin),
                    used + ProcessorTime.own() + ProcessorTime.ofEnded() - processor);
        }
    }

    /** Submits to any replica; true if it was acknowledged. The key makes it the same submission when it is tried again. */
    private boolean submit(Random own, String key) throws InterruptedException {
        JarProcess replica = replicas.get(own.nextInt(replicas.size()));
        // The key decides, so that a repetition is the same submission.
        Random content = new Random(key.hashCode());
        Form form = content.nextInt(oneLaboriousIn) == 0 ? volumes.laboriousPair(content) : volumes.pair(content);
        HttpRequest request = HttpRequest.newBuilder(
                        form.request(replica.uri("/api/v1/evaluations")), (name, value) -> true)
                .timeout(Duration.ofSeconds(15))
                .header("Idempotency-Key", key)
                .build();
        return ledger.submit(http, request).isAcknowledged();
    }

    private void sleep(JarProcess replica, Random own) throws Exception {
        if (!replica.isAlive()) {
            return;
        }
        replica.signal("STOP");
        try {
            // Between one and three times the lease: in most of them another replica takes the work over.
            Thread.sleep(LEASE.plusMillis(own.nextLong(2 * LEASE.toMillis())).toMillis());
        } finally {
            replica.signal("CONT");
        }
        sleeps.incrementAndGet();
        Thread.sleep(own.nextLong(LEASE.toMillis()));
    }

    /** Puts a replica to sleep while it scores, until another one has done its work; so its own result comes too late. */
    private void sleepUntilOvertaken(JarProcess replica, Random random) throws Exception {
        Random own = new Random(random.nextLong());
        int before = fenced(replica);
        try (Connection connection = shared.database().connect()) {
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            String job = null;
            while (job == null && System.nanoTime() < end) {
                for (int n = 0; n < 2 * replicas.size(); n++) {
                    submit(own, UUID.randomUUID().toString());
                }
                for (int i = 0; i < 200 && job == null; i++) {
                    if (running(connection, replica) != null) {
                        replica.signal("STOP");
                        job = running(connection, replica);
                        if (job == null) {
                            replica.signal("CONT");
                        }
                    }
                }
            }
            if (job == null) {
                return;
            }
            try {
                while (!isFinal(connection, job) && System.nanoTime() < end) {
                    Thread.sleep(50);
                }
            } finally {
                replica.signal("CONT");
            }
            sleeps.incrementAndGet();
            while (fenced(replica) == before && System.nanoTime() < end) {
                Thread.sleep(50);
            }
        }
    }

    private static @Nullable String running(Connection connection, JarProcess replica) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "select id::text from evaluation where state = 'RUNNING' and worker like ?")) {
            query.setString(1, "pid-" + replica.pid() + "-%");
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    private static boolean isFinal(Connection connection, String id) throws SQLException {
        return Ledger.number(
                        connection,
                        "select count(*) from evaluation where id = '" + id
                                + "' and state not in ('QUEUED', 'RUNNING')")
                > 0;
    }

    private void kill(int which) throws Exception {
        JarProcess old = replicas.get(which);
        old.kill();
        kills.incrementAndGet();
        fencedOfTheDead += fenced(old);
        old.close();
        replicas.set(which, start(which).awaitReady(CrashRun.PATIENCE));
    }

    private int fenced() throws IOException {
        int fenced = fencedOfTheDead;
        for (JarProcess replica : replicas) {
            fenced += fenced(replica);
        }
        return fenced;
    }

    /** What a replica said of results that came too late. */
    private static int fenced(JarProcess replica) throws IOException {
        return (int) replica.output()
                .lines()
                .filter(line -> line.contains("does not have the evaluation any more"))
                .count();
    }

    @Override
    public void close() throws Exception {
        for (JarProcess replica : replicas) {
            replica.signal("CONT");
            replica.close();
        }
        shared.close();
    }
}
