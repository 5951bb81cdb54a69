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
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.segmeter.cli.CommandLineTool;
import org.segmeter.database.TestPostgres;
import org.segmeter.evaluation.Failpoint;
import org.springframework.util.FileSystemUtils;

/**
 * Ends one service again and again while clients submit: in a named phase by its failpoint, in several with a thread held in each of them,
 * or at a random moment by {@code kill -9}. Each start is the recovery from the last end and carries the next failpoints.
 */
final class CrashRun implements AutoCloseable {

    private static final int CLIENTS = 2;

    /** A start takes some seconds; on a machine that does much else beside it, minutes. */
    static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("segmeter.faults.patience", 240));

    /** Submissions that one life of the service gets at most, for each thread that is to be held in a phase. */
    private static final int MOST = 12;

    /** What a service says of a thread that it holds in a phase until it ends. */
    private static final String HELD = "a thread is held at ";

    /** The phases of a service; that of a backup is a program of its own, those of the loop with a PACS are in {@link OrthancIT}. */
    static final List<Failpoint> PHASES = Arrays.stream(Failpoint.values())
            .filter(phase -> !EnumSet.of(Failpoint.EXPORTING, Failpoint.PAIR_EVALUATED, Failpoint.DELIVERED)
                    .contains(phase))
            .toList();

    /** The exit status of a process that ended itself at a failpoint. */
    private static final int KILLED = 137;

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
    private int ends;

    CrashRun(Path data, Random random) throws IOException {
        this.data = data;
        this.random = random;
    }

    /**
     * What a run did and found.
     *
     * @param ends processes that were ended; one may have been in several phases, in each with a thread of its own
     * @param processorOfDriver seconds of the process that makes the run
     * @param processorOfServices seconds of the services and of the programs they started
     * @param processorOfDatabase seconds of the database's server
     */
    record Report(
            Map<Failpoint, Integer> hits,
            Map<Failpoint, Integer> misses,
            int randomKills,
            int ends,
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
                    ends,
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
            double kills = Math.max(1, ends);
            return String.format(
                    Locale.ROOT,
                    "%d processes ended, %d times in a phase or at random, in phases %s (not hit: %s), at random %d;"
                            + " %s; ready again after %s; %.1f s an end, %.2f s of processor time (service %.2f, database"
                            + " %.2f, driver %.2f)",
                    ends,
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
     * What is missing of a long set, in random order: the phases of each kill, none for a kill at a random moment.
     *
     * @param before what was done already
     * @param most kills of the plan at most
     * @param atOnce phases that one kill may meet, each with a thread of its own
     */
    static List<Set<Failpoint>> plan(
            int perPhase, int atRandom, FaultReport before, int most, int atOnce, Random random) {
        List<Failpoint> phases = new ArrayList<>();
        for (Failpoint phase : PHASES) {
            int missing = perPhase - before.count(FaultReport.CRASHES, phase.name());
            phases.addAll(Collections.nCopies(Math.max(0, missing), phase));
        }
        Collections.shuffle(phases, random);
        List<Set<Failpoint>> plan = new ArrayList<>();
        List<Set<Failpoint>> open = new ArrayList<>();
        for (Failpoint phase : phases) {
            // Nothing else is under way while a service starts.
            Optional<Set<Failpoint>> one = phase == Failpoint.RECOVERY
                    ? Optional.empty()
                    : open.stream().filter(kill -> !kill.contains(phase)).findFirst();
            Set<Failpoint> kill = one.orElseGet(() -> EnumSet.noneOf(Failpoint.class));
            kill.add(phase);
            if (one.isEmpty()) {
                plan.add(kill);
                if (phase != Failpoint.RECOVERY) {
                    open.add(kill);
                }
            }
            if (kill.size() == atOnce) {
                open.remove(kill);
            }
        }
        int missing = atRandom - before.count(FaultReport.CRASHES, FaultReport.AT_RANDOM);
        plan.addAll(Collections.nCopies(Math.max(0, missing), EnumSet.noneOf(Failpoint.class)));
        Collections.shuffle(plan, random);
        return plan.subList(0, Math.min(most, plan.size()));
    }

    /** Some of the phases, drawn without repeating. */
    static List<Set<Failpoint>> some(int phases, Random random) {
        List<Failpoint> drawn = new ArrayList<>(PHASES);
        Collections.shuffle(drawn, random);
        return drawn.subList(0, phases).stream()
                .<Set<Failpoint>>map(EnumSet::of)
                .toList();
    }

    /** Ends the service once for each of the plan: in its phases, or at a random moment where it names none. */
    void kill(List<Set<Failpoint>> plan, long untilNanos) throws Exception {
        for (Set<Failpoint> phases : plan) {
            FaultPause.await();
            if (System.nanoTime() > untilNanos) {
                return;
            }
            if (phases.isEmpty()) {
                killAtRandom();
            } else if (phases.contains(Failpoint.RECOVERY)) {
                dieAtStart();
            } else {
                dieIn(phases);
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
                    ends,
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
                        == KILLED);
        ends++;
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
            boolean hit = service.awaitExit(PATIENCE) == KILLED;
            count(Failpoint.RECOVERY, hit);
            ends += hit ? 1 : 0;
        }
    }

    private void dieIn(Set<Failpoint> phases) throws Exception {
        // Not always at the first occasion: what is under way beside it then differs.
        String points = phases.stream()
                .map(phase -> phase + ":" + (1 + random.nextInt(3)))
                .collect(Collectors.joining(","));
        List<String> settings = new ArrayList<>();
        if (phases.contains(Failpoint.RETENTION)) {
            settings.add("--segmeter.retention.inputs=0");
        }
        if (phases.size() > 1) {
            // As many evaluations as may be held, and one that goes on.
            settings.add("--segmeter.workers=" + (phases.size() + 1));
        }
        try (JarProcess service =
                        ready(start(List.of("-Dsegmeter.failpoints=" + points), settings.toArray(String[]::new)));
                Clients clients = submitting(service, phases.size())) {
            boolean ended = service.ends(PATIENCE);
            clients.stop();
            boolean hit = ended && service.awaitExit(Duration.ofSeconds(1)) == KILLED;
            String said = service.output();
            for (Failpoint phase : phases) {
                count(phase, hit && (phases.size() == 1 || said.contains(HELD + phase)));
            }
            ends += hit ? 1 : 0;
            if (!ended) {
                service.kill();
            }
        }
    }

    private void killAtRandom() throws Exception {
        try (JarProcess service = ready(start(List.of()));
                Clients clients = submitting(service, 1)) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(1500));
            service.kill();
            clients.stop();
            randomKills++;
            ends++;
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

    /**
     * A few clients, that submit until the service is dead or has had its share.
     *
     * @param held threads that the service is to hold, with their clients
     */
    private Clients submitting(JarProcess service, int held) {
        AtomicInteger left = new AtomicInteger(MOST * held);
        return new Clients().start(CLIENTS * held, random, own -> {
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
