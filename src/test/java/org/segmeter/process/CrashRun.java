package org.segmeter.process;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.segmeter.cli.CommandLineTool;
import org.segmeter.database.TestPostgres;
import org.segmeter.evaluation.Failpoint;
import org.springframework.util.FileSystemUtils;

/**
 * Ends one service again and again while clients submit: in a named phase by its failpoint, or at a random moment by {@code kill -9}.
 * Each start is the recovery from the last end and carries the next failpoint, so one start serves one kill.
 */
final class CrashRun implements AutoCloseable {

    private static final int CLIENTS = 2;

    /** A start takes some seconds; on a machine that does much else beside it, minutes. */
    static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("segmeter.faults.patience", 240));

    /** Submissions that one life of the service gets at most. */
    private static final int MOST = 12;

    /** The phases of a service; that of a backup is a program of its own, those of the loop with a PACS are in {@link OrthancIT}. */
    static final List<Failpoint> PHASES = Arrays.stream(Failpoint.values())
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
    private final long begin = System.nanoTime();
    private final double processorOfDriver = ProcessorTime.own();
    private final double processorOfServices = ProcessorTime.ofEnded();
    private int randomKills;

    CrashRun(Path data, Random random) throws IOException {
        this.data = data;
        this.random = random;
    }

    /**
     * What a run did and found.
     *
     * @param processorOfDriver seconds of the process that makes the run
     * @param processorOfServices seconds of the services and of the programs they started
     * @param processorOfDatabase seconds of the database's server
     */
    record Report(
            Map<Failpoint, Integer> hits,
            Map<Failpoint, Integer> misses,
            int randomKills,
            List<Integer> backups,
            Ledger.Verdict verdict,
            Recoveries recoveries,
            Duration time,
            double processorOfDriver,
            double processorOfServices,
            double processorOfDatabase) {

        /** True if the backup that was ended is refused, and the one after it is whole. */
        boolean backupsAreRight() {
            return backups.equals(List.of(CommandLineTool.REFUSED, CommandLineTool.DONE, CommandLineTool.DONE));
        }

        int kills() {
            return hits.values().stream().mapToInt(n -> n).sum() + randomKills;
        }

        FaultReport.Part part(String build, String begun, long seed) {
            Map<String, Integer> counts = named(hits);
            counts.put(FaultReport.AT_RANDOM, randomKills);
            return new FaultReport.Part(
                    FaultReport.CRASHES,
                    build,
                    begun,
                    seed,
                    time.toSeconds(),
                    processorOfDriver + processorOfServices + processorOfDatabase,
                    counts,
                    named(misses),
                    recoveries.millis(),
                    verdict);
        }

        private static Map<String, Integer> named(Map<Failpoint, Integer> counts) {
            Map<String, Integer> named = new TreeMap<>();
            counts.forEach((phase, n) -> named.put(phase.name(), n));
            return named;
        }

        @Override
        public String toString() {
            double kills = Math.max(1, kills());
            return String.format(
                    Locale.ROOT,
                    "%d kills, in phases %s (not hit: %s), at random %d; %s; ready again after %s; %.1f s a kill,"
                            + " %.2f s of processor time (service %.2f, database %.2f, driver %.2f)",
                    kills(),
                    hits,
                    misses,
                    randomKills,
                    verdict,
                    recoveries,
                    time.toMillis() / 1e3 / kills,
                    (processorOfDriver + processorOfServices + processorOfDatabase) / kills,
                    processorOfServices / kills,
                    processorOfDatabase / kills,
                    processorOfDriver / kills);
        }
    }

    /**
     * What is missing of a long set, in random order.
     *
     * @param before what was done already
     * @param most kills of the plan at most
     * @return phases; empty for a kill at a random moment
     */
    static List<Optional<Failpoint>> plan(int perPhase, int atRandom, FaultReport before, int most, Random random) {
        List<Optional<Failpoint>> plan = new ArrayList<>();
        for (Failpoint phase : PHASES) {
            int missing = perPhase - before.count(FaultReport.CRASHES, phase.name());
            plan.addAll(Collections.nCopies(Math.max(0, missing), Optional.of(phase)));
        }
        int missing = atRandom - before.count(FaultReport.CRASHES, FaultReport.AT_RANDOM);
        plan.addAll(Collections.nCopies(Math.max(0, missing), Optional.empty()));
        Collections.shuffle(plan, random);
        return plan.subList(0, Math.min(most, plan.size()));
    }

    /** Some of the phases, drawn without repeating. */
    static List<Optional<Failpoint>> some(int phases, Random random) {
        List<Failpoint> drawn = new ArrayList<>(PHASES);
        Collections.shuffle(drawn, random);
        return drawn.subList(0, phases).stream().map(Optional::of).toList();
    }

    /** Ends the service in each phase of the plan, or at a random moment where it names none. */
    void kill(List<Optional<Failpoint>> plan, long untilNanos) throws Exception {
        for (Optional<Failpoint> phase : plan) {
            FaultPause.await();
            if (System.nanoTime() > untilNanos) {
                return;
            }
            if (phase.isEmpty()) {
                killAtRandom();
            } else if (phase.get() == Failpoint.RECOVERY) {
                dieAtStart();
            } else {
                dieIn(phase.get());
            }
        }
    }

    /** A start that everything that was promised is asked of. */
    Report finish() throws Exception {
        try (JarProcess service = start(List.of()).awaitReady(PATIENCE);
                TestPostgres database = TestPostgres.of(data);
                Connection connection = database.connect()) {
            // And it works as before.
            for (int i = 0; i < CLIENTS; i++) {
                ledger.submit(http, volumes.pair(random).request(service.uri("/api/v1/evaluations")));
            }
            awaitNothingLeft(connection);
            backupDies();
            Ledger.Verdict verdict = ledger.check(connection, Ledger.Objects.below(data.resolve("blobs")));
            double ofDatabase = ProcessorTime.ofTree(database.pid());
            service.kill();
            return new Report(
                    hits,
                    misses,
                    randomKills,
                    backups,
                    verdict,
                    new Recoveries(recoveries),
                    Duration.ofNanos(System.nanoTime() - begin),
                    ProcessorTime.own() - processorOfDriver,
                    ProcessorTime.ofEnded() - processorOfServices,
                    ofDatabase);
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
        return JarProcess.shortLived(data, jvm, settings);
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
        try (JarProcess service = ready(start(List.of("-Dsegmeter.failpoints=" + point), settings));
                Clients clients = submitting(service)) {
            boolean ended = service.ends(Duration.ofSeconds(90));
            clients.stop();
            count(phase, ended && service.awaitExit(Duration.ofSeconds(1)) == 137);
            if (!ended) {
                service.kill();
            }
        }
    }

    private void killAtRandom() throws Exception {
        try (JarProcess service = ready(start(List.of()));
                Clients clients = submitting(service)) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(1500));
            service.kill();
            clients.stop();
            randomKills++;
        }
    }

    private JarProcess ready(JarProcess service) throws Exception {
        long started = System.nanoTime();
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
        recoveries.add((System.nanoTime() - started) / 1_000_000);
        return service;
    }

    private void count(Failpoint phase, boolean hit) {
        (hit ? hits : misses).merge(phase, 1, Integer::sum);
    }

    /** A few clients, that submit until the service is dead or has had its share. */
    private Clients submitting(JarProcess service) {
        AtomicInteger left = new AtomicInteger(MOST);
        return new Clients().start(CLIENTS, random, own -> {
            if (left.getAndDecrement() <= 0 || !service.isAlive()) {
                return false;
            }
            ledger.submit(http, volumes.pair(own).request(service.uri("/api/v1/evaluations")));
            return true;
        });
    }

    /** Whatever happened: a database that a killed service left running is stopped. */
    @Override
    public void close() throws IOException {
        if (Files.exists(data.resolve("postgres/postmaster.pid"))) {
            TestPostgres.of(data).close();
        }
    }
}
