package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.Failpoint;

/**
 * Faults that are put in on purpose, and the checkers that say whether anything was lost. A short set by default; the system properties
 * below make it as long as wanted, and a report of it is written where {@code segmeter.faults.report} says.
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

    /** The builds draw alike, so that a change is judged by the change; the long set and -Dsegmeter.seed draw others. */
    private final long seed = Long.getLong("segmeter.seed", PER_PHASE == 0 ? 20_261_128L : System.nanoTime());

    private final long until = System.nanoTime() + LONGEST.toNanos();

    @Test
    void whenTheServiceEndsInAnyPhase(@TempDir Path data) throws Exception {
        CrashRun run = new CrashRun(data, seed);
        if (PER_PHASE == 0) {
            // In every build: a few phases, each once.
            run.some(4, 0);
        } else {
            run.kills(PER_PHASE, AT_RANDOM, until);
        }
        CrashRun.Report report = run.finish();
        said("crashes", report);

        assertThat(report.hits().values().stream().mapToInt(n -> n).sum())
                .as("phases that were hit")
                .isGreaterThan(0)
                .isGreaterThanOrEqualTo(
                        4 * report.misses().values().stream().mapToInt(n -> n).sum());
        if (PER_PHASE > 0 && report.kills() >= PER_PHASE * CrashRun.PHASES.size()) {
            assertThat(report.hits())
                    .containsKey(Failpoint.EXPORTING)
                    .containsKeys(CrashRun.PHASES.toArray(Failpoint[]::new));
        }
        assertThat(report.backupsAreRight()).as("backups %s", report.backups()).isTrue();
        assertThat(report.verdict().acknowledged()).as("acknowledged").isPositive();
        assertThat(report.verdict().isClean()).as(report.toString()).isTrue();
    }

    @Test
    void whenReplicasSleepAndDie(@TempDir Path directory) throws Exception {
        try (ReplicaRun run = new ReplicaRun(directory, REPLICAS, seed)) {
            ReplicaRun.Report report = run.disturb(JOBS, 4, until);
            said("replicas", report);
            assertThat(report.sleeps()).as("sleeps").isPositive();
            assertThat(report.fenced())
                    .as("results that came too late and were refused")
                    .isPositive();
            assertThat(report.verdict().acknowledged()).isGreaterThanOrEqualTo(Math.min(JOBS, 40));
            assertThat(report.verdict().isClean()).as(report.toString()).isTrue();

            if (RESTARTS == 0) {
                return;
            }
            ReplicaRun.Report rolling = run.rollingRestarts(RESTARTS, 2);
            said("rolling restarts", rolling);
            assertThat(rolling.rollingRestarts()).isEqualTo(RESTARTS);
            assertThat(rolling.verdict().isClean()).as(rolling.toString()).isTrue();
        }
    }

    @Test
    void whenTheDatabaseIsSlowSilentCutOrCrashes(@TempDir Path directory) throws Exception {
        try (DatabaseRun run = new DatabaseRun(directory, seed)) {
            DatabaseRun.Report report = run.disturb(ROUNDS);
            said("database", report);
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
            said("full volume", report);
            assertThat(report.belowTheFloor())
                    .as("refused below the floor")
                    .isEqualTo(5 * Integer.getInteger("segmeter.faults.volumes"));
            assertThat(report.readsWhileFull())
                    .as("scorecards read below the floor")
                    .isEqualTo(5 * Integer.getInteger("segmeter.faults.volumes"));
            assertThat(report.verdict().isClean()).as(report.toString()).isTrue();
        }
    }

    private void said(String what, Object report) throws IOException {
        String line = "FaultsIT: %s (-Dsegmeter.seed=%d): %s".formatted(what, seed, report);
        System.out.println(line);
        String file = System.getProperty("segmeter.faults.report");
        if (file != null) {
            Files.write(
                    Path.of(file),
                    List.of("- " + line.substring("FaultsIT: ".length())),
                    java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.APPEND);
        }
    }
}
