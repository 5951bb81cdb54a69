package org.segmeter.evaluation;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CancelSignal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What this replica is working on. Twice a second it writes down which stage the longer ones have reached, and looks whether
 * another replica was asked to cancel one of them. Four times a second it looks for those that take longer in a stage than they may, or do not
 * stop although they were told to.
 */
@Component
final class RunningEvaluations implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(RunningEvaluations.class);

    /** How long after the signal a worker that goes on is interrupted, which ends waiting for files and locks. */
    private static final long INTERRUPT_AFTER = 750_000_000L;

    /** And how long after it the evaluation is ended without its worker. */
    private static final long ABANDON_AFTER = 1_250_000_000L;

    private final EvaluationRows rows;
    private final TransactionTemplate transaction;
    private final Changes changes;
    private final StageSettings settings;
    private final Map<UUID, Run> runs = new ConcurrentHashMap<>();
    private volatile boolean running;
    private Thread watch = new Thread(() -> {});

    RunningEvaluations(EvaluationRows rows, TransactionTemplate transaction, Changes changes, StageSettings settings) {
        this.rows = rows;
        this.transaction = transaction;
        this.changes = changes;
        this.settings = settings;
    }

    /** One attempt in progress. */
    final class Run implements AutoCloseable {
        private final UUID id;
        private final int attempt;
        private final String worker;
        private final CancelSignal signal = new CancelSignal();
        private final List<EvaluationRows.Stage> unwritten = new java.util.ArrayList<>();
        private final Consumer<Run> giveUp;
        private final Thread thread = Thread.currentThread();
        private volatile boolean askedToStop;
        private @Nullable String stage;
        private long stageSince;
        private long stoppedAt;
        private @Nullable String timedOut;
        private boolean interrupted;
        private boolean beingGivenUp;
        private boolean over;

        private Run(EvaluationRows.Claim claim, Consumer<Run> giveUp) {
            this.id = claim.id();
            this.attempt = claim.attempt();
            this.worker = claim.worker();
            this.giveUp = giveUp;
        }

        CancelSignal signal() {
            return signal;
        }

        /** True if a user wants it to stop, as opposed to the service's shutdown. */
        boolean askedToStop() {
            return askedToStop;
        }

        /** The stage that took too long; null if none did. */
        synchronized @Nullable String timedOut() {
            return timedOut;
        }

        /** From now on the worker is not disturbed any more: it writes down how the evaluation ended. */
        synchronized void conclude() {
            over = true;
            if (interrupted) {
                Thread.interrupted(); // the interruption was meant for the work that is over
            }
        }

        private synchronized boolean isOver() {
            return over || beingGivenUp;
        }

        /** Called four times a second. */
        private void watch(long now) {
            synchronized (this) {
                if (over || beingGivenUp) {
                    return;
                }
                if (stage != null
                        && timedOut == null
                        && !askedToStop
                        && now - stageSince > settings.limit(stage).toNanos()) {
                    timedOut = stage;
                    stoppedAt = now;
                    signal.cancel();
                }
                if (timedOut == null && !askedToStop) {
                    return;
                }
                if (!interrupted && now - stoppedAt > INTERRUPT_AFTER) {
                    interrupted = true;
                    thread.interrupt();
                }
                beingGivenUp = now - stoppedAt > ABANDON_AFTER;
                if (!beingGivenUp) {
                    return;
                }
            }
            // Not by the watch's own thread: a database that does not answer must not keep it from the others.
            Thread.ofVirtual().name("give-up-" + id).start(this::giveUp);
        }

        /** Whatever the thread does, it will find that it came too late. What could not be written down is tried again. */
        private void giveUp() {
            boolean done = false;
            try {
                giveUp.accept(this);
                done = true;
            } catch (RuntimeException e) {
                log.warn("an evaluation that does not stop could not be ended yet: {}", Reasons.describe(e));
            } finally {
                synchronized (this) {
                    over |= done;
                    beingGivenUp = false;
                }
            }
        }

        /** From now on the limit of a stage holds; none for null. */
        synchronized void limitedAs(@Nullable String stage) {
            this.stage = stage;
            stageSince = System.nanoTime();
        }

        void entered(String stage) {
            limitedAs(stage);
            synchronized (unwritten) {
                unwritten.add(new EvaluationRows.Stage(stage, java.time.Instant.now()));
            }
        }

        /** Stages that are not in the database yet; from now on they are the caller's to write. */
        List<EvaluationRows.Stage> takeStages() {
            synchronized (unwritten) {
                List<EvaluationRows.Stage> taken = List.copyOf(unwritten);
                unwritten.clear();
                return taken;
            }
        }

        private synchronized void stop() {
            if (!askedToStop && timedOut == null) {
                askedToStop = true;
                stoppedAt = System.nanoTime();
                signal.cancel();
            }
        }

        @Override
        public void close() {
            runs.remove(id, this);
            conclude();
        }
    }

    /**
     * @param giveUp ends the evaluation in the place of its worker, which neither stopped when it was told to nor when it was
     *     interrupted
     */
    Run begin(EvaluationRows.Claim claim, Consumer<Run> giveUp) {
        Run run = new Run(claim, giveUp);
        runs.put(claim.id(), run);
        return run;
    }

    void cancel(UUID id) {
        @Nullable Run run = runs.get(id);
        if (run != null) {
            run.stop();
        }
    }

    @Override
    public void start() {
        running = true;
        watch = Thread.ofPlatform().daemon().name("stage-watch").start(() -> {
            while (running) {
                try {
                    Thread.sleep(250);
                    long now = System.nanoTime();
                    runs.values().forEach(run -> run.watch(now));
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    @Override
    public void stop() {
        running = false;
        watch.interrupt();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Scheduled(fixedDelay = 500)
    void synchronise() {
        if (runs.isEmpty()) {
            return;
        }
        try {
            for (Run run : runs.values()) {
                if (run.isOver()) {
                    continue;
                }
                transaction.executeWithoutResult(status -> {
                    // The row is locked first: either the stages are written here, or by whoever ends the evaluation.
                    if (rows.lockRunning(run.id, run.attempt, run.worker)) {
                        List<EvaluationRows.Stage> entered = run.takeStages();
                        if (!entered.isEmpty()) {
                            rows.stages(run.id, entered);
                            changes.changed(run.id);
                        }
                    }
                });
            }
            rows.cancelRequested(Set.copyOf(runs.keySet())).forEach(this::cancel);
        } catch (DataAccessException | TransactionException e) {
            log.warn("progress could not be written: {}", e.getClass().getSimpleName());
        }
    }
}
