package org.segmeter.process;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.segmeter.cli.CommandLineTool;
import org.segmeter.database.TestPostgres;
import org.segmeter.evaluation.Failpoint;
import org.springframework.util.FileSystemUtils;

/**
 * Ends one service again and again while clients submit: in a named phase by its failpoint, or at a random moment by {@code kill -9}.
 * Each start is the recovery from the last end and carries the next failpoint, so one start serves one kill.
 */
final class CrashRun {

    private static final int CLIENTS = 2;

    /** A start takes some seconds; on a machine that does much else beside it, minutes. */
    static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("segmeter.faults.patience", 240));

    /** Submissions that one life of the service gets at most. */
    private static final int MOST = 12;

    /** The phases of a service; that of a backup is a program of its own, those of the loop with a PACS are in {@link OrthancIT}. */
    static final List<Failpoint> PHASES = java.util.Arrays.stream(Failpoint.values())
            .filter(phase -> !EnumSet.of(Failpoint.EXPORTING, Failpoint.PAIR_EVALUATED, Failpoint.DELIVERED)
                    .contains(phase))
            .toList();

    private final Path data;
    private final Random random;
    private final Volumes volumes = new Volumes();
    private final Ledger ledger = new Ledger();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<Failpoint, Integer> hits = new EnumMap<>(Failpoint.class);
    private final Map<Failpoint, Integer> misses = new EnumMap<>(Failpoint.class);
    private final List<Long> recoveries = new ArrayList<>();
    private final List<Integer> backups = new ArrayList<>();
    private int randomKills;

    CrashRun(Path data, long seed) throws IOException {
        this.data = data;
        this.random = new Random(seed);
    }

    /** What a run did and found. */
    record Report(
            Map<Failpoint, Integer> hits,
            Map<Failpoint, Integer> misses,
            int randomKills,
            List<Integer> backups,
            Ledger.Verdict verdict,
            List<Long> recoveryMillis) {

        /** True if the backup that was ended is refused, and the one after it is whole. */
        boolean backupsAreRight() {
            return backups.equals(List.of(CommandLineTool.REFUSED, CommandLineTool.DONE, CommandLineTool.DONE));
        }

        int kills() {
            return hits.values().stream().mapToInt(n -> n).sum() + randomKills;
        }

        long recovery(double quantile) {
            List<Long> sorted = recoveryMillis.stream().sorted().toList();
            return sorted.isEmpty()
                    ? 0
                    : sorted.get((int) Math.min(sorted.size() - 1L, Math.round(quantile * (sorted.size() - 1))));
        }

        @Override
        public String toString() {
            return "%d kills, in phases %s (not hit: %s), at random %d; %s; ready again after p50 %d ms, p99 %d ms, at most %d ms"
                    .formatted(kills(), hits, misses, randomKills, verdict, recovery(0.5), recovery(0.99), recovery(1));
        }
    }

    /** Ends the service in each phase {@code perPhase} times, in random order, and {@code atRandom} times in none. */
    void kills(int perPhase, int atRandom, long untilNanos) throws Exception {
        List<Failpoint> order = new ArrayList<>();
        for (int i = 0; i < perPhase; i++) {
            order.addAll(PHASES);
        }
        Collections.shuffle(order, random);
        run(order, atRandom, untilNanos);
    }

    private void run(List<Failpoint> phases, int atRandom, long untilNanos) throws Exception {
        List<Failpoint> plan = new ArrayList<>(phases);
        for (int i = 0; i < atRandom; i++) {
            // In time with the others, so that a run that is cut short has some of each.
            plan.add((int) ((i + 1L) * plan.size() / (atRandom + 1L)), null);
        }
        for (Failpoint phase : plan) {
            if (System.nanoTime() > untilNanos) {
                return;
            }
            if (phase == null) {
                killAtRandom();
            } else if (phase == Failpoint.RECOVERY) {
                dieAtStart();
            } else {
                dieIn(phase);
            }
        }
    }

    /** Ends the service in some of the phases, drawn without repeating, and at random. */
    void some(int phases, int atRandom) throws Exception {
        List<Failpoint> drawn = new ArrayList<>(PHASES);
        Collections.shuffle(drawn, random);
        run(drawn.subList(0, phases), atRandom, Long.MAX_VALUE);
    }

    /** A start that everything that was promised is asked of. */
    Report finish() throws Exception {
        try (JarProcess service = start(List.of()).awaitReady(PATIENCE);
                TestPostgres database = TestPostgres.of(data);
                Connection connection = database.connect()) {
            awaitNothingLeft(connection);
            backupDies();
            Ledger.Verdict verdict = ledger.check(connection, Ledger.Objects.below(data.resolve("blobs")));
            return new Report(hits, misses, randomKills, backups, verdict, recoveries);
        }
    }

    /** A backup that is ended on its way is no backup; the next one is, and both leave the service alone. */
    private void backupDies() throws IOException, InterruptedException {
        Path unfinished = data.resolveSibling(data.getFileName() + "-unfinished");
        Path whole = data.resolveSibling(data.getFileName() + "-backup.zip");
        count(
                Failpoint.EXPORTING,
                JarProcess.command(
                                List.of("-Dsegmeter.failpoints=" + Failpoint.EXPORTING),
                                "backup",
                                unfinished.toString(),
                                "--data-directory",
                                data.toString())
                        == 137);
        backups.add(segmeter("verify", unfinished.toString()));
        backups.add(segmeter("backup", whole.toString(), "--data-directory", data.toString()));
        backups.add(segmeter("verify", whole.toString()));
        FileSystemUtils.deleteRecursively(unfinished);
        Files.deleteIfExists(whole);
    }

    private static int segmeter(String... arguments) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        return CommandLineTool.run(arguments, nowhere, nowhere);
    }

    static void awaitNothingLeft(Connection connection) throws SQLException, InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(5).toNanos();
        while (Ledger.unfinished(connection) > 0 && System.nanoTime() < end) {
            Thread.sleep(100);
        }
    }

    private JarProcess start(List<String> jvm, String... settings) throws IOException {
        List<String> options = new ArrayList<>(JarProcess.SHORT_LIVED);
        options.addAll(jvm);
        return JarProcess.start(data, options, settings);
    }

    private void dieAtStart() throws Exception {
        try (JarProcess service = start(List.of("-Dsegmeter.failpoints=" + Failpoint.RECOVERY))) {
            count(Failpoint.RECOVERY, service.awaitExit(PATIENCE) == 137);
        }
    }

    private void dieIn(Failpoint phase) throws Exception {
        // Not always at the first occasion: what is under way beside it then differs.
        String point = phase + ":" + (1 + random.nextInt(3));
        String[] settings =
                phase == Failpoint.RETENTION ? new String[] {"--segmeter.retention.inputs=0"} : new String[0];
        try (JarProcess service = ready(start(List.of("-Dsegmeter.failpoints=" + point), settings))) {
            submitUntil(service, Duration.ofSeconds(90));
            boolean ended = !service.isAlive();
            count(phase, ended && service.awaitExit(Duration.ofSeconds(1)) == 137);
            if (!ended) {
                service.kill();
            }
        }
    }

    private void killAtRandom() throws Exception {
        try (JarProcess service = ready(start(List.of()));
                ExecutorService clients = Executors.newSingleThreadExecutor()) {
            Future<?> work = clients.submit(() -> {
                submitUntil(service, Duration.ofSeconds(20));
                return null;
            });
            Thread.sleep(random.nextInt(1500));
            service.kill();
            work.get();
            randomKills++;
        }
    }

    private JarProcess ready(JarProcess service) throws Exception {
        long begin = System.nanoTime();
        try {
            service.awaitReady(PATIENCE);
        } catch (IOException e) {
            if (service.isAlive()) {
                service.kill();
                service.close();
                throw e;
            }
            return service; // it met its end with what was left from before
        }
        recoveries.add((System.nanoTime() - begin) / 1_000_000);
        return service;
    }

    private void count(Failpoint phase, boolean hit) {
        (hit ? hits : misses).merge(phase, 1, Integer::sum);
    }

    /** Submits with a few clients, until the service is dead, or has had its share and its time. */
    private void submitUntil(JarProcess service, Duration longest) throws Exception {
        long end = System.nanoTime() + longest.toNanos();
        AtomicBoolean over = new AtomicBoolean();
        long seed = random.nextLong();
        try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
            List<Future<?>> work = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Random own = new Random(seed + i);
                work.add(clients.submit(() -> {
                    for (int n = 0; n < MOST / CLIENTS && !over.get() && service.isAlive(); n++) {
                        submit(service, own);
                    }
                    return null;
                }));
            }
            while (service.isAlive() && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(20);
            }
            over.set(true);
            for (Future<?> one : work) {
                one.get();
            }
        }
    }

    private void submit(JarProcess service, Random own) {
        try {
            HttpResponse<String> answer = http.send(
                    volumes.pair(own).request(service.uri("/api/v1/evaluations")),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 202) {
                ledger.acknowledged(answer.headers().firstValue("Location").orElseThrow());
            } else {
                ledger.refused(answer);
            }
        } catch (IOException e) {
            ledger.withoutAnswer();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
