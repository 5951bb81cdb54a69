package org.segmeter.process;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.segmeter.database.TestPostgres;

/** One service whose database is behind a faulty network: slow, silent, cut, cut in the middle of a commit, crashed. */
final class DatabaseRun implements AutoCloseable {

    private static final int CLIENTS = 2;

    private final Path data;
    private final Random random;
    private final Volumes volumes = new Volumes();
    private final Ledger ledger = new Ledger();
    private final HttpClient http = HttpClient.newHttpClient();
    private final TestPostgres database;
    private final FaultProxy proxy;
    private final JarProcess service;
    private final AtomicInteger keys = new AtomicInteger();
    private final AtomicInteger dead = new AtomicInteger();
    private final List<Long> recoveries = new ArrayList<>();
    private int commitsCut;
    private int crashes;

    DatabaseRun(Path directory, long seed) throws Exception {
        this.data = directory.resolve("service");
        this.random = new Random(seed);
        this.database = TestPostgres.start(directory.resolve("database"));
        this.proxy = new FaultProxy(database.port(), seed);
        List<String> settings = new ArrayList<>(database.settings(
                proxy.port(),
                // So that COMMIT can be seen on the wire, and that a silent server is given up soon.
                "?prepareThreshold=0&socketTimeout=3&connectTimeout=3"));
        settings.add("--db-scheduler.heartbeat-interval=1s");
        settings.add("--spring.datasource.hikari.connection-timeout=3000");
        this.service =
                JarProcess.shortLived(data, settings.toArray(String[]::new)).awaitReady(CrashRun.PATIENCE);
    }

    /** What a run did and found. */
    record Report(
            int keys,
            int connections,
            int cuts,
            int commitsCut,
            int crashes,
            int notAlive,
            Recoveries recoveries,
            Ledger.Verdict verdict) {
        @Override
        public String toString() {
            return "%d submissions with a key each, %d connections, %d reset, of them %d in the middle of a commit, %d crashes of the database; liveness failed %d times; working again after %s; %s"
                    .formatted(keys, connections, cuts, commitsCut, crashes, notAlive, recoveries, verdict);
        }
    }

    /** Goes through all faults {@code rounds} times while clients submit. */
    Report disturb(int rounds) throws Exception {
        try (Clients clients = new Clients()
                .start(CLIENTS, random, own -> {
                    untilAcknowledged(UUID.randomUUID().toString());
                    return true;
                })
                .start(1, random, own -> {
                    dead.addAndGet(isAlive() ? 0 : 1);
                    TimeUnit.MILLISECONDS.sleep(250);
                    return true;
                })) {
            try {
                for (int i = 0; i < rounds; i++) {
                    faults();
                }
            } finally {
                proxy.heal();
            }
            clients.stop();
        }
        try (Connection connection = database.connect()) {
            CrashRun.awaitNothingLeft(connection);
            return new Report(
                    keys.get(),
                    proxy.connections(),
                    proxy.cuts(),
                    commitsCut,
                    crashes,
                    dead.get(),
                    new Recoveries(recoveries),
                    ledger.check(connection, Ledger.Objects.below(data.resolve("blobs"))));
        }
    }

    private void faults() throws Exception {
        proxy.latency(Duration.ofMillis(100), Duration.ofMillis(100));
        Thread.sleep(1500);
        proxy.slice(1 + random.nextInt(9));
        Thread.sleep(700);
        proxy.heal();
        proxy.reset();
        recovered();
        for (int i = 0; i < 4; i++) {
            cutCommit(i % 2 == 0);
        }
        recovered();
        proxy.blackhole();
        Thread.sleep(4000);
        proxy.heal();
        recovered();
        proxy.down();
        Thread.sleep(1500);
        proxy.heal();
        recovered();
        database.crashAndRestart();
        crashes++;
        proxy.target(database.port());
        recovered();
    }

    private void cutCommit(boolean afterForwarding) throws Exception {
        proxy.cutAt("COMMIT", afterForwarding);
        long end = System.nanoTime() + Duration.ofSeconds(15).toNanos();
        while (proxy.isCutPending() && System.nanoTime() < end) {
            Thread.sleep(10);
        }
        commitsCut += proxy.isCutPending() ? 0 : 1;
    }

    /** Waits for a submission that succeeds, and notes how long that took. */
    private void recovered() throws Exception {
        long begin = System.nanoTime();
        untilAcknowledged(UUID.randomUUID().toString());
        recoveries.add((System.nanoTime() - begin) / 1_000_000);
    }

    /** As a client does it: the same request with the same key, until it has an answer. */
    private void untilAcknowledged(String key) throws InterruptedException {
        keys.incrementAndGet();
        long end = System.nanoTime() + Duration.ofSeconds(120).toNanos();
        while (System.nanoTime() < end) {
            HttpRequest request = HttpRequest.newBuilder(
                            volumes.pair(new Random(key.hashCode())).request(service.uri("/api/v1/evaluations")),
                            (name, value) -> true)
                    .timeout(Duration.ofSeconds(20))
                    .header("Idempotency-Key", key)
                    .build();
            if (ledger.submit(http, request).isAcknowledged()) {
                return;
            }
            Thread.sleep(50);
        }
        throw new IllegalStateException("not acknowledged within two minutes");
    }

    private boolean isAlive() throws InterruptedException {
        try {
            return http.send(
                                    HttpRequest.newBuilder(service.uri("/livez"))
                                            .timeout(Duration.ofSeconds(5))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws Exception {
        proxy.heal();
        service.close();
        proxy.close();
        database.close();
    }
}
