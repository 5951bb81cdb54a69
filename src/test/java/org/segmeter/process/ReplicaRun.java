package org.segmeter.process;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.TestPostgres;

/**
 * Replicas of the jar on one PostgreSQL and one bucket, with nothing else in common. They are put to sleep for longer than their lease,
 * killed and started again while clients submit to all of them.
 */
final class ReplicaRun implements AutoCloseable {

    /** A worker is dead after four of these; a tenth of the service's own setting, so that a test need not wait. */
    private static final Duration HEARTBEAT = Duration.ofMillis(400);

    private static final Duration LEASE = HEARTBEAT.multipliedBy(4);

    private final Path directory;
    private final Random random;
    private final Volumes volumes = new Volumes();
    private final Ledger ledger = new Ledger();
    private final HttpClient http = HttpClient.newHttpClient();
    private final TestPostgres database;
    private final S3Server bucket;
    private final List<JarProcess> replicas = new CopyOnWriteArrayList<>();
    private final AtomicInteger sleeps = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger drains = new AtomicInteger();
    private int oneLaboriousIn = 1;
    private int fencedOfTheDead;

    ReplicaRun(Path directory, int number, long seed) throws Exception {
        this.directory = directory;
        this.random = new Random(seed);
        this.database = TestPostgres.start(directory.resolve("database"));
        this.bucket = S3Server.start(directory.resolve("buckets"));
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
            Duration time) {
        @Override
        public String toString() {
            return "%d replicas, %d sleeps longer than the lease, %d kills, %d restarts in good order, %d results fenced; %s; %d s"
                    .formatted(replicas, sleeps, kills, rollingRestarts, fenced, verdict, time.toSeconds());
        }
    }

    private JarProcess start(int number) throws IOException {
        List<String> settings = new ArrayList<>(database.settings(database.port(), ""));
        settings.addAll(List.of(bucket.settings()));
        settings.addAll(List.of(
                "--segmeter.workers=1",
                "--db-scheduler.heartbeat-interval=" + HEARTBEAT.toMillis() + "ms",
                "--db-scheduler.polling-interval=250ms",
                "--spring.datasource.hikari.maximum-pool-size=10"));
        return JarProcess.start(
                directory.resolve("replica-" + number), JarProcess.SHORT_LIVED, settings.toArray(String[]::new));
    }

    /** Submits until this many are acknowledged, while replicas are put to sleep and killed. */
    Report disturb(int jobs, int clients, long untilNanos) throws Exception {
        long begin = System.nanoTime();
        // Sleeps must meet work. In a long run enough of them do when one in some is laborious.
        oneLaboriousIn = jobs > 1000 ? 8 : 1;
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(clients + 1)) {
            List<Future<?>> work = submitting(threads, jobs, clients, untilNanos);
            Future<?> trouble = threads.submit(() -> {
                for (int i = 0; !over.get(); i++) {
                    if (i % 4 == 3) {
                        kill(random.nextInt(replicas.size()));
                    } else if (i % 4 == 1) {
                        sleepUntilOvertaken(replicas.get(random.nextInt(replicas.size())));
                    } else {
                        sleep(replicas.get(random.nextInt(replicas.size())));
                    }
                }
                return null;
            });
            for (Future<?> one : work) {
                one.get();
            }
            // While there is work left a sleep can still overtake a result.
            try (Connection connection = database.connect()) {
                long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
                while (Ledger.unfinished(connection) > 0 && System.nanoTime() < end) {
                    Thread.sleep(200);
                }
            }
            over.set(true);
            trouble.get();
        }
        // At least once, whatever the random sleeps met.
        for (int i = 0; i < 10 && fenced() == 0; i++) {
            sleepUntilOvertaken(replicas.get(i % replicas.size()));
        }
        return report(begin);
    }

    /** Submits while the replicas are restarted in good order, one after the other. */
    Report rollingRestarts(int restarts, int clients) throws Exception {
        long begin = System.nanoTime();
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Random own = new Random(random.nextLong());
                work.add(threads.submit(() -> {
                    while (!over.get()) {
                        submit(own, UUID.randomUUID().toString());
                    }
                    return null;
                }));
            }
            for (int i = 0; i < restarts; i++) {
                int which = i % replicas.size();
                JarProcess old = replicas.get(which);
                old.terminate(CrashRun.PATIENCE);
                fencedOfTheDead += fenced(old);
                old.close();
                replicas.set(which, start(which).awaitReady(CrashRun.PATIENCE));
                drains.incrementAndGet();
            }
            over.set(true);
            for (Future<?> one : work) {
                one.get();
            }
        }
        return report(begin);
    }

    private Report report(long begin) throws Exception {
        try (Connection connection = database.connect()) {
            CrashRun.awaitNothingLeft(connection);
            int fenced = fenced();
            Ledger.Verdict verdict = ledger.check(connection, Ledger.Objects.below(bucket.object("blobs")));
            return new Report(
                    replicas.size(),
                    sleeps.get(),
                    kills.get(),
                    drains.get(),
                    fenced,
                    verdict,
                    Duration.ofNanos(System.nanoTime() - begin));
        }
    }

    private List<Future<?>> submitting(ExecutorService threads, int jobs, int clients, long untilNanos) {
        AtomicInteger left = new AtomicInteger(jobs);
        List<Future<?>> work = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            Random own = new Random(random.nextLong());
            work.add(threads.submit(() -> {
                while (left.getAndDecrement() > 0 && System.nanoTime() < untilNanos) {
                    String key = UUID.randomUUID().toString();
                    while (!submit(own, key) && System.nanoTime() < untilNanos) {
                        TimeUnit.MILLISECONDS.sleep(50);
                    }
                }
                return null;
            }));
        }
        return work;
    }

    /** Submits to any replica; true if it was acknowledged. The key makes it the same submission when it is tried again. */
    private boolean submit(Random own, String key) throws InterruptedException {
        JarProcess replica = replicas.get(own.nextInt(replicas.size()));
        try {
            // The key decides, so that a repetition is the same submission.
            Random content = new Random(key.hashCode());
            Form form = content.nextInt(oneLaboriousIn) == 0 ? volumes.laboriousPair(content) : volumes.pair(content);
            HttpRequest request = HttpRequest.newBuilder(
                            form.request(replica.uri("/api/v1/evaluations")), (name, value) -> true)
                    .timeout(Duration.ofSeconds(15))
                    .header("Idempotency-Key", key)
                    .build();
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 202) {
                ledger.acknowledged(answer.headers().firstValue("Location").orElseThrow());
                return true;
            }
            ledger.refused(answer);
        } catch (IOException e) {
            ledger.withoutAnswer();
        }
        return false;
    }

    private void sleep(JarProcess replica) throws Exception {
        if (!replica.isAlive()) {
            return;
        }
        replica.signal("STOP");
        try {
            // Between one and three times the lease: in most of them another replica takes the work over.
            Thread.sleep(LEASE.plusMillis(random.nextLong(2 * LEASE.toMillis())).toMillis());
        } finally {
            replica.signal("CONT");
        }
        sleeps.incrementAndGet();
        Thread.sleep(random.nextLong(LEASE.toMillis()));
    }

    /** Puts a replica to sleep while it scores, until another one has done its work; so its own result comes too late. */
    private void sleepUntilOvertaken(JarProcess replica) throws Exception {
        Random own = new Random(random.nextLong());
        int before = fenced(replica);
        try (Connection connection = database.connect()) {
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
        bucket.close();
        database.close();
    }
}
