package org.segmeter.evaluation;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CancelSignal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What this replica is working on. Twice a second it writes down which stage the longer ones have reached, and looks whether
 * another replica was asked to cancel one of them.
 */
@Component
final class RunningEvaluations {

    private static final Logger log = LoggerFactory.getLogger(RunningEvaluations.class);

    private final EvaluationRows rows;
    private final TransactionTemplate transaction;
    private final Changes changes;
    private final Map<UUID, Run> runs = new ConcurrentHashMap<>();

    RunningEvaluations(EvaluationRows rows, TransactionTemplate transaction, Changes changes) {
        this.rows = rows;
        this.transaction = transaction;
        this.changes = changes;
    }

    /** One attempt in progress. */
    final class Run implements AutoCloseable {
        private final UUID id;
        private final int attempt;
        private final String worker;
        private final CancelSignal signal = new CancelSignal();
        private final List<EvaluationRows.Stage> unwritten = new java.util.ArrayList<>();
        private volatile boolean askedToStop;

        private Run(EvaluationRows.Claim claim) {
            this.id = claim.id();
            this.attempt = claim.attempt();
            this.worker = claim.worker();
        }

        CancelSignal signal() {
            return signal;
        }

        /** True if a user wants it to stop, as opposed to the service's shutdown. */
        boolean askedToStop() {
            return askedToStop;
        }

        void entered(String stage) {
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

        private void stop() {
            askedToStop = true;
            signal.cancel();
        }

        @Override
        public void close() {
            runs.remove(id, this);
        }
    }

    Run begin(EvaluationRows.Claim claim) {
        Run run = new Run(claim);
        runs.put(claim.id(), run);
        return run;
    }

    void cancel(UUID id) {
        @Nullable Run run = runs.get(id);
        if (run != null) {
            run.stop();
        }
    }

    @Scheduled(fixedDelay = 500)
    void synchronise() {
        if (runs.isEmpty()) {
            return;
        }
        try {
            for (Run run : runs.values()) {
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
        } catch (DataAccessException e) {
            log.warn("progress could not be written: {}", e.getClass().getSimpleName());
        }
    }
}
