package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.Failpoint;
import org.springframework.util.FileSystemUtils;

/**
 * Faults that are put in on purpose, and the checkers that say whether anything was lost. A short set by default. The system properties
 * below make it as long as wanted; a long set is made of parts, each with a verdict of its own, that {@code segmeter.faults.report} adds up
 * over as many runs as it takes: a run does what is missing there, until its time is over.
 */
@DisplayName("What was acknowledged is never lost")
class FaultsIT {

    private static final int PER_PHASE = Integer.getInteger("segmeter.faults.per-phase", 0);
    private static final int AT_RANDOM = Integer.getInteger("segmeter.faults.random", 0);
    private static final int JOBS = Integer.getInteger("segmeter.faults.jobs", 40);
    private static final int ROUNDS = Integer.getInteger("segmeter.faults.rounds", 1);
    private static final int RESTARTS = Integer.getInteger("segmeter.faults.restarts", 0);
    private static final int REPLICAS = Integer.getInteger("segmeter.faults.replicas", 2);
    private static final Duration LONGEST = Duration.ofMinutes(Integer.getInteger("segmeter.faults.minutes", 600));

    /** Kills of a part, some minutes of work: what a run that is cut off loses. */
    private static final int KILLS_OF_PART = Integer.getInteger("segmeter.faults.part", 100);

    /** Phases in which a service may be at once when it is ended. */
    private static final int AT_ONCE = Integer.getInteger("segmeter.faults.at-once", 1);

    private static final int JOBS_OF_PART = Integer.getInteger("segmeter.faults.part-jobs", 2000);
    private static final int RESTARTS_OF_PART = 5;

    /** A part that begins needs this to be judged too. */
    private static final Duration JUDGEMENT = Duration.ofMinutes(1);

    /** The builds draw alike, so that a change is judged by the change; the long set and -Dsegmeter.seed draw others. */
    private final long seed =
            Long.getLong("segmeter.seed", PER_PHASE == 0 && JOBS <= JOBS_OF_PART ? 20_261_128L : System.nanoTime());

    private final long until = System.nanoTime() + LONGEST.toNanos();

    /** Not in the time of the first run. */
    @BeforeAll
    static void recordTheStart() {
        StartRecording.ofJar();
    }

    @Test
    void whenTheServiceEndsInAnyPhase(@TempDir Path directory) throws Exception {
        if (PER_PHASE == 0) {
            // In every build: a few phases, each once.
            Random random = new Random(seed);
            crashes(directory.resolve("data"), CrashRun.some(4, random), random, seed, Long.MAX_VALUE);
            return;
        }
        FaultReport report = FaultReport.of(page());
        for (int part = 0; System.nanoTime() < until - JUDGEMENT.toNanos(); part++) {
            long own = seed + part;
            Random random = new Random(own);
            List<Set<Failpoint>> plan = CrashRun.plan(PER_PHASE, AT_RANDOM, report, KILLS_OF_PART, AT_ONCE, random);
            if (plan.isEmpty()) {
                System.out.println("FaultsIT: crashes: nothing is missing in " + page());
                return;
            }
            Path data = directory.resolve("part-" + part);
            String begun = now();
            CrashRun.Report found = crashes(data, plan, random, own, until - JUDGEMENT.toNanos());
            report.add(found.part(FaultReport.build(), begun, own));
            requireClean(found);
            FileSystemUtils.deleteRecursively(data);
        }
        System.out.println("FaultsIT: crashes: the time is over");
    }

    private CrashRun.Report crashes(Path data, List<Set<Failpoint>> plan, Random random, long own, long untilNanos)
            throws Exception {
        try (CrashRun run = new CrashRun(data, random)) {
            run.kill(plan, untilNanos);
            CrashRun.Report found = run.finish();
            said("crashes", own, found);
            if (PER_PHASE == 0) {
                requireClean(found);
            }
            return found;
        }
    }

    private static void requireClean(CrashRun.Report found) {
        assertThat(found.hits().values().stream().mapToInt(n -> n).sum())
                .as("phases that were hit")
                .isGreaterThan(0)
                .isGreaterThanOrEqualTo(
                        4 * found.misses().values().stream().mapToInt(n -> n).sum());
        assertThat(found.hits()).containsKey(Failpoint.EXPORTING);
        assertThat(found.backupsAreRight()).as("backups %s", found.backups()).isTrue();
        assertThat(found.verdict().acknowledged()).as("acknowledged").isPositive();
        assertThat(found.verdict().isClean()).as(found.toString()).isTrue();
    }

    @Test
    void whenReplicasSleepAndDie(@TempDir Path directory) throws Exception {
        if (JOBS <= JOBS_OF_PART && RESTARTS == 0) {
            replicas(directory, seed, JOBS, 0);
            return;
        }
        FaultReport report = FaultReport.of(page());
        for (int part = 0; System.nanoTime() < until - JUDGEMENT.toNanos(); part++) {
            int jobs = JOBS - report.acknowledged(FaultReport.REPLICAS);
            int restarts = RESTARTS - report.count(FaultReport.REPLICAS, FaultReport.RESTARTS);
            if (jobs <= 0 && restarts <= 0) {
                System.out.println("FaultsIT: replicas: nothing is missing in " + page());
                return;
            }
            FaultPause.await();
            long own = seed + part;
            Path data = directory.resolve("part-" + part);
            String begun = now();
            ReplicaRun.Report found =
                    replicas(data, own, Math.clamp(jobs, 40, JOBS_OF_PART), Math.clamp(restarts, 0, RESTARTS_OF_PART));
            report.add(found.part(FaultReport.build(), begun, own));
            requireClean(found, 1); // the page says how many are missing
            FileSystemUtils.deleteRecursively(data);
        }
        System.out.println("FaultsIT: replicas: the time is over");
    }

    private ReplicaRun.Report replicas(Path directory, long own, int jobs, int restarts) throws Exception {
        try (ReplicaRun run = new ReplicaRun(directory, REPLICAS, own)) {
            run.disturb(jobs, 4, until - JUDGEMENT.toNanos());
            run.rollingRestarts(restarts, 2, until - JUDGEMENT.toNanos());
            ReplicaRun.Report found = run.finish();
            said("replicas", own, found);
            if (RESTARTS == 0) {
                requireClean(found, System.nanoTime() < until - JUDGEMENT.toNanos() ? Math.min(jobs, 40) : 1);
            }
            return found;
        }
    }

    /** @param fewest evaluations that must have been acknowledged: fewer when the time was over before all were submitted */
    private static void requireClean(ReplicaRun.Report found, int fewest) {
        assertThat(found.sleeps()).as("sleeps").isPositive();
        assertThat(found.fenced())
                .as("results that came too late and were refused")
                .isPositive();
        assertThat(found.verdict().acknowledged()).as("acknowledged").isGreaterThanOrEqualTo(fewest);
        assertThat(found.verdict().isClean()).as(found.toString()).isTrue();
    }

    @Test
    void whenTheDatabaseIsSlowSilentCutOrCrashes(@TempDir Path directory) throws Exception {
        try (DatabaseRun run = new DatabaseRun(directory, seed)) {
            DatabaseRun.Report report = run.disturb(ROUNDS);
            said("database", seed, report);
            assertThat(report.cuts()).as("connections reset").isPositive();
            assertThat(report.commitsCut()).as("connections reset in a commit").isPositive();
            assertThat(report.notAlive()).as("failures of liveness").isZero();
            assertThat(report.verdict().isClean()).as(report.toString()).isTrue();
            assertThat(report.verdict().evaluations())
                    .as("one evaluation for each key")
                    .isEqualTo(report.keys());
        }
    }

    /** Not in the short set: it takes root, and a minute. */
    @Test
    @EnabledIfSystemProperty(named = "segmeter.faults.volumes", matches = "[1-9][0-9]*")
    void whenTheVolumeIsFullToItsLastByte(@TempDir Path directory) throws Exception {
        assumeThat(VolumeRun.isPossible(directory.resolve("scratch")))
                .as("a file system of its own can be mounted")
                .isTrue();
        try (VolumeRun run = new VolumeRun(directory.resolve("volume"), seed)) {
            VolumeRun.Report report = run.disturb(Integer.getInteger("segmeter.faults.volumes"));
            said("full volume", seed, report);
            assertThat(report.belowTheFloor())
                    .as("refused below the floor")
                    .isEqualTo(5 * Integer.getInteger("segmeter.faults.volumes"));
            assertThat(report.readsWhileFull())
                    .as("scorecards read below the floor")
                    .isEqualTo(5 * Integer.getInteger("segmeter.faults.volumes"));
            assertThat(report.verdict().isClean()).as(report.toString()).isTrue();
        }
    }

    private static @Nullable Path page() {
        String file = System.getProperty("segmeter.faults.report");
        return file == null ? null : Path.of(file);
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** Prints what a run found. What is added up has its place on the page; the others become a line of their own there. */
    private static void said(String what, long own, Object report) throws IOException {
        String line = "%s (-Dsegmeter.seed=%d): %s".formatted(what, own, report);
        System.out.println("FaultsIT: " + line);
        Path page = page();
        boolean addedUp = what.equals(FaultReport.CRASHES) || what.equals(FaultReport.REPLICAS);
        if (page != null && !addedUp) {
            Files.write(page, List.of("- " + line), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
