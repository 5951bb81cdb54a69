package org.segmeter.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.telemetry.Trace;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs one evaluation on a worker's thread. It may be run more than once, by this or another process; the attempt's number lets
 * only the last one write.
 */
@Component
final class EvaluationRunner {

    private static final Logger log = LoggerFactory.getLogger(EvaluationRunner.class);

    /** An input that ended its worker this often is not tried again. */
    static final int MOST_ATTEMPTS = 3;

    /** How long a store that does not answer is left alone. */
    private static final Duration STORE_PAUSE = Duration.ofSeconds(5);

    /** How long a job that was taken out of the queue waits for a processor here before another replica may have it. */
    private static final Duration LONGEST_IN_HAND = Duration.ofSeconds(5);

    /** The stage whose limit holds for fetching its files, too. */
    private static final String DECODING = word(ScoringProgress.Stage.DECODING);

    private static final Duration WAIT_FOR_SPACE = Duration.ofSeconds(5);
    private static final int MOST_WAITS_FOR_SPACE = 120;

    private final EvaluationRows rows;
    private final ValueLayouts layouts;
    private final TransactionTemplate transaction;
    private final BlobStore blobs;
    private final StoredBlobs stored;
    private final Retention retention;
    private final ScoringEngine engine;
    private final ScoringThreads threads;
    private final RunningEvaluations running;
    private final Changes changes;
    private final ServiceMetrics metrics;
    private final StageSettings stages;
    private final JsonMapper json;
    private final Semaphore turn;
    private final AtomicLong claims = new AtomicLong();
    private final String worker = "pid-" + ProcessHandle.current().pid() + "-" + UUID.randomUUID();

    EvaluationRunner(
            EvaluationRows rows,
            ValueLayouts layouts,
            TransactionTemplate transaction,
            BlobStore blobs,
            StoredBlobs stored,
            Retention retention,
            ScoringEngine engine,
            ScoringThreads threads,
            RunningEvaluations running,
            Changes changes,
            ServiceMetrics metrics,
            StageSettings stages,
            JsonMapper json,
            EvaluationSettings settings) {
        this.rows = rows;
        this.layouts = layouts;
        this.transaction = transaction;
        this.blobs = blobs;
        this.stored = stored;
        this.retention = retention;
        this.engine = engine;
        this.threads = threads;
        this.running = running;
        this.changes = changes;
        this.metrics = metrics;
        this.stages = stages;
        this.json = json;
        this.turn = new Semaphore(settings.workers(), true);
    }

    /** What the queue is to do with the job. */
    sealed interface Verdict {
        /** The evaluation is in a final state or does not exist: the job is done. */
        record Done() implements Verdict {}

        /** Another attempt has the evaluation, and its job. */
        record Elsewhere() implements Verdict {}

        /** This attempt ended the evaluation, and with it the job. */
        record Ended() implements Verdict {}

        /** No attempt was made: for a while there was no processor for it. The job keeps its place in the queue, for whoever has one. */
        record NotYet() implements Verdict {}

        /** The attempt failed for no fault of the input that is known; once more after a pause. */
        record Again(Duration pause) implements Verdict {}
    }

    /**
     * Makes one attempt.
     *
     * @param again true if this is not the first time that the queue gives out the job: an attempt before may have ended the process
     */
    Verdict run(UUID id, boolean again) {
        try (MDC.MDCCloseable ignored = MDC.putCloseable("evaluation_id", id.toString())) {
            // An evaluation that waits for a processor is not claimed yet: the end of the process would count against
            // it.
            if (!turn.tryAcquire(LONGEST_IN_HAND.toNanos(), TimeUnit.NANOSECONDS)) {
                return new Verdict.NotYet();
            }
            Turn mine = new Turn();
            try {
                // Committed before work starts: an attempt that ends the process has been counted.
                Optional<EvaluationRows.Claim> claimed = rows.claim(id, worker + "-" + claims.incrementAndGet(), again);
                if (claimed.isEmpty()) {
                    return new Verdict.Done();
                }
                Failpoint.CLAIMED.reach();
                metrics.workerBegan();
                changes.changed(id);
                // The attempt is a span of the trace of its submission.
                try (Trace.Span ignoredToo = Trace.span(claimed.get().trace());
                        RunningEvaluations.Run run =
                                running.begin(claimed.get(), stuck -> giveUp(claimed.get(), stuck, mine))) {
                    return work(claimed.get(), run, mine);
                } finally {
                    metrics.workerEnded();
                }
            } finally {
                mine.end();
            }
        } catch (InterruptedException e) {
            // The service is ending; nothing was begun.
            return new Verdict.Again(Duration.ZERO);
        }
    }

    /** The right to score, one for each worker; given back when scoring is over, or at the latest with the attempt. */
    private final class Turn {
        private boolean over;

        synchronized void end() {
            if (!over) {
                over = true;
                turn.release();
            }
        }
    }

    private Verdict work(EvaluationRows.Claim claim, RunningEvaluations.Run run, Turn mine) {
        if (claim.counted() > MOST_ATTEMPTS) {
            return fail(
                    claim,
                    run,
                    Problem.of(
                            ServiceProblem.QUARANTINED,
                            "%d attempts to score these inputs did not come to an end; they are not tried again."
                                    .formatted(MOST_ATTEMPTS)),
                    ServiceMetrics.Outcome.QUARANTINED);
        }
        if (claim.cancelRequested()) {
            return cancelled(claim, run);
        }
        List<Evaluation.Input> inputs = claim.inputs();
        ServiceMetrics.SizeClass size = ServiceMetrics.SizeClass.of(
                inputs.stream().mapToLong(input -> input.blob().size()).sum());
        if (claim.attempt() == 1) {
            metrics.waited(size, Duration.ofNanos((long) (claim.waitedSeconds() * 1e9)));
        }
        StageClock clock = new StageClock(run, size);
        run.limitedAs(DECODING);
        try (OpenInputs files = OpenInputs.of(inputs, blobs)) {
            run.limitedAs(null); // memory is waited for as long as others need it, and they are limited
            ObjectNode result = threads.call(() -> engine.score(
                    files.side(Side.PREDICTION),
                    files.side(Side.REFERENCE),
                    files.mask(),
                    claim.request(),
                    clock,
                    run.signal()));
            clock.end();
            StoredScorecard card = compose(claim, result);
            List<ValueLayouts.Row> values = layouts.rows(ScorecardValues.of(result));
            run.conclude();
            // While the disk is waited for, the processor is the next one's.
            mine.end();
            return succeed(claim, run, size, result, card, values);
        } catch (BlobStore.Lost e) {
            run.conclude();
            return fail(claim, run, lost(inputs), ServiceMetrics.Outcome.FAILED);
        } catch (InputException e) {
            clock.end();
            run.conclude();
            metrics.rejected(kind(inputs, e.side()).word(), e.problem().slug());
            return fail(claim, run, Problem.of(e), ServiceMetrics.Outcome.INVALID);
        } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
            run.conclude();
            // The queue interrupts its workers when the service ends; the database must not see that.
            boolean interrupted = Thread.interrupted();
            String timedOut = run.timedOut();
            if (timedOut != null) {
                return timedOut(claim, run, timedOut);
            }
            if (run.askedToStop()) {
                return cancelled(claim, run);
            }
            if (interrupted) {
                return handBack(claim, run);
            }
            if (e instanceof BlobStore.Unavailable) {
                // No fault of the input, however long it lasts: the attempt does not count.
                log.warn("the stored inputs cannot be read now: {}", Reasons.describe(e));
                return again(claim, run, STORE_PAUSE);
            }
            if (FullDisk.is(e)) {
                return waitForSpace(claim, run);
            }
            if (e instanceof DataAccessException || e instanceof TransactionException) {
                return waitForDatabase(claim, run, e);
            }
            return failedAttempt(claim, run, e);
        }
    }

    private Verdict timedOut(EvaluationRows.Claim claim, RunningEvaluations.Run run, String stage) {
        return fail(claim, run, tooLong(stage), ServiceMetrics.Outcome.TIMEOUT);
    }

    private Problem tooLong(String stage) {
        Duration limit = stages.limit(stage);
        return Problem.of(
                        ServiceProblem.TIMEOUT,
                        "The stage '%s' took longer than the %s s that this installation allows; it is not tried again."
                                .formatted(stage, limit.toMillis() / 1000.0))
                .with("stage", stage)
                .with("limitSeconds", limit.toMillis() / 1000.0);
    }

    /**
     * Ends an evaluation whose worker does not stop. The worker goes on, and finds its attempt overtaken if it ever comes back.
     *
     * @throws DataAccessException if the database does not answer: to be tried again
     */
    private void giveUp(EvaluationRows.Claim claim, RunningEvaluations.Run run, Turn itsTurn) {
        itsTurn.end(); // another thread may score in its place
        String timedOut = run.timedOut();
        log.error(
                "evaluation {} does not stop {}; it is ended without its thread, which another takes the turn of",
                claim.id(),
                timedOut == null ? "although it was cancelled" : "although its time in a stage is over");
        if (timedOut == null) {
            cancelled(claim, run);
        } else {
            timedOut(claim, run, timedOut);
        }
    }

    /** Nothing is wrong with the input: it waits until there is room again, for ten minutes of tries. */
    private Verdict waitForSpace(EvaluationRows.Claim claim, RunningEvaluations.Run run) {
        if (claim.attempt() - claim.counted() >= MOST_WAITS_FOR_SPACE) {
            return fail(
                    claim,
                    run,
                    Problem.of(
                            ServiceProblem.INSUFFICIENT_STORAGE,
                            "The disk of this service had no room to score it, and did not get any."),
                    ServiceMetrics.Outcome.FAILED);
        }
        log.warn("attempt {} found no space on a disk; it is tried again when there may be some", claim.attempt());
        return again(claim, run, WAIT_FOR_SPACE);
    }

    /** The database was away when the result was ready or the inputs were read; that does not count against them. */
    private Verdict waitForDatabase(EvaluationRows.Claim claim, RunningEvaluations.Run run, Throwable reason) {
        log.warn(
                "attempt {} could not be finished without the database: {}", claim.attempt(), Reasons.describe(reason));
        return again(claim, run, Duration.ofSeconds(5));
    }

    private Verdict succeed(
            EvaluationRows.Claim claim,
            RunningEvaluations.Run run,
            ServiceMetrics.SizeClass size,
            ObjectNode result,
            StoredScorecard card,
            List<ValueLayouts.Row> values) {
        long begin = System.nanoTime();
        JsonNode protocol = result.path("protocol");
        JsonNode build = result.path("engine");
        EvaluationRows.Result whole = new EvaluationRows.Result(
                card,
                protocol.path("id").asString("unknown"),
                protocol.path("sha256").asString("unknown"),
                new Scorecard.Engine(
                        build.path("version").asString("unknown"),
                        build.path("commit").asString("unknown"),
                        build.path("vector").asString("unknown")),
                values);
        boolean written = Boolean.TRUE.equals(transaction.execute(status -> {
            List<EvaluationRows.Stage> entered = run.takeStages();
            boolean mine = rows.succeed(claim, whole, entered);
            Failpoint.RESULT_TRANSACTION.reach();
            return mine;
        }));
        Failpoint.RESULT_COMMITTED.reach();
        metrics.stage("persisting", size, Duration.ofNanos(System.nanoTime() - begin));
        return ended(claim, written, State.SUCCEEDED, ServiceMetrics.Outcome.OK, null);
    }

    private Verdict fail(
            EvaluationRows.Claim claim, RunningEvaluations.Run run, Problem problem, ServiceMetrics.Outcome outcome) {
        Problem complete = problem.about(claim.id());
        String document = json.writeValueAsString(complete.document());
        boolean written = end(claim, run, State.FAILED, complete.slug(), document);
        return ended(claim, written, State.FAILED, outcome, complete.slug());
    }

    private Verdict cancelled(EvaluationRows.Claim claim, RunningEvaluations.Run run) {
        boolean written = end(claim, run, State.CANCELLED, null, null);
        return ended(claim, written, State.CANCELLED, ServiceMetrics.Outcome.CANCELLED, null);
    }

    private boolean end(
            EvaluationRows.Claim claim,
            RunningEvaluations.Run run,
            State state,
            @Nullable String slug,
            @Nullable String problem) {
        return Boolean.TRUE.equals(transaction.execute(status -> {
            if (!rows.finish(claim, state, slug, problem)) {
                return false;
            }
            rows.stageEvents(claim.id(), run.takeStages(), state);
            return true;
        }));
    }

    private Verdict ended(
            EvaluationRows.Claim claim,
            boolean written,
            State state,
            ServiceMetrics.Outcome outcome,
            @Nullable String problem) {
        changes.changed(claim.id());
        if (!written) {
            return overtaken(claim);
        }
        metrics.attemptEnded(ServiceMetrics.Attempt.FINISHED);
        metrics.completed(outcome);
        retention.ended(claim.id());
        log.info(
                "evaluation ended: state {}, attempt {}, problem {}",
                state,
                claim.attempt(),
                problem == null ? "none" : problem);
        return new Verdict.Ended();
    }

    /**
     * The row is not this attempt's. A later one may have it; or the database crashed and lost the claim, whose commit was not waited
     * for: then the evaluation waits as if it had never been claimed, and its job must stay.
     */
    private Verdict overtaken(EvaluationRows.Claim claim) {
        metrics.attemptEnded(ServiceMetrics.Attempt.FENCED);
        State state = rows.state(claim.id()).orElse(null);
        log.warn(
                "attempt {} does not have the evaluation any more; its result was not written, the evaluation is {}",
                claim.attempt(),
                state == null ? "gone" : state);
        if (state == State.QUEUED) {
            return new Verdict.Again(Duration.ZERO);
        }
        return state == State.RUNNING ? new Verdict.Elsewhere() : new Verdict.Done();
    }

    /** The service is ending: the evaluation goes back, and the attempt does not count against it. */
    private Verdict handBack(EvaluationRows.Claim claim, RunningEvaluations.Run run) {
        log.info("the evaluation is handed back, the service is ending");
        return again(claim, run, Duration.ZERO);
    }

    private Verdict again(EvaluationRows.Claim claim, RunningEvaluations.Run run, Duration pause) {
        return requeued(claim, run, ServiceMetrics.Attempt.HANDED_BACK, pause);
    }

    /** Back into the queue, unless somebody wants it cancelled: that must not wait for the end of the pause. */
    private Verdict requeued(
            EvaluationRows.Claim claim, RunningEvaluations.Run run, ServiceMetrics.Attempt attempt, Duration pause) {
        boolean mine = Boolean.TRUE.equals(
                transaction.execute(status -> rows.requeue(claim, attempt == ServiceMetrics.Attempt.HANDED_BACK)));
        changes.changed(claim.id());
        if (mine) {
            metrics.attemptEnded(attempt);
            return new Verdict.Again(pause);
        }
        return rows.cancelRequested(List.of(claim.id())).isEmpty() ? overtaken(claim) : cancelled(claim, run);
    }

    /** What the first file of the side that was refused seems to be; the label of a metric, so any failure is an answer. */
    private FileKind kind(List<Evaluation.Input> inputs, @Nullable String side) {
        for (Evaluation.Input input : inputs) {
            if (side == null || input.side().word().equals(side)) {
                try (InputStream content = blobs.read(input.blob().sha256())) {
                    return FileKind.of(content.readNBytes(512));
                } catch (IOException e) {
                    return FileKind.OTHER;
                }
            }
        }
        return FileKind.OTHER;
    }

    /** Why the inputs are not there any more. */
    private Problem lost(List<Evaluation.Input> inputs) {
        boolean removed = inputs.stream()
                .anyMatch(input -> stored.condition(input.blob().sha256()).orElse(StoredBlobs.Condition.MISSING)
                        == StoredBlobs.Condition.REMOVED);
        return removed
                ? Problem.of(
                        ServiceProblem.INPUTS_REMOVED,
                        "The inputs were removed after their time (segmeter.retention.inputs); send them again.")
                : Problem.of(
                        ServiceProblem.INPUTS_LOST,
                        "A stored input is missing or is not what its SHA-256 says; send the files again.");
    }

    private Verdict failedAttempt(EvaluationRows.Claim claim, RunningEvaluations.Run run, Throwable reason) {
        // The reason's text may quote content; its kind and place do not.
        log.error("attempt {} failed: {}", claim.attempt(), Reasons.describe(reason));
        if (claim.counted() >= MOST_ATTEMPTS) {
            return fail(
                    claim,
                    run,
                    Problem.of(
                            ServiceProblem.QUARANTINED,
                            "%d attempts to score these inputs failed by a fault of the service; they are not tried again."
                                    .formatted(MOST_ATTEMPTS)),
                    ServiceMetrics.Outcome.QUARANTINED);
        }
        return requeued(claim, run, ServiceMetrics.Attempt.RETRIED, Duration.ofSeconds(1L << claim.counted()));
    }

    /** The scorecard as it is kept: whose it is, then what was measured. */
    private StoredScorecard compose(EvaluationRows.Claim claim, ObjectNode result) {
        ObjectNode card = json.createObjectNode();
        card.put("id", claim.id().toString());
        card.put("createdAt", claim.createdAt().toString());
        card.put("startedAt", claim.startedAt().toString());
        Description about = claim.description();
        if (about.caseId() != null) {
            card.put("caseId", about.caseId());
        }
        if (about.modelName() != null) {
            ObjectNode model = card.putObject("model");
            model.put("name", about.modelName());
            if (about.modelVersion() != null) {
                model.put("version", about.modelVersion());
            }
        }
        if (about.site() != null) {
            card.put("site", about.site());
        }
        if (!about.labels().isEmpty()) {
            ObjectNode labels = card.putObject("labels");
            about.labels().forEach(labels::put);
        }
        for (Map.Entry<String, JsonNode> member : result.properties()) {
            card.set(member.getKey(), member.getValue());
        }
        String content = card.toString();
        return new StoredScorecard(content, sha256(content));
    }

    private static String word(ScoringProgress.Stage stage) {
        return stage.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** SHA-256 of a text's UTF-8 bytes, hexadecimal. */
    static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Measures how long each stage takes, and notes that it was entered. */
    private final class StageClock implements ScoringProgress {
        private final RunningEvaluations.Run run;
        private final ServiceMetrics.SizeClass size;
        private final List<String> entered = new ArrayList<>();
        private final Semaphore lock = new Semaphore(1);
        private long since;

        StageClock(RunningEvaluations.Run run, ServiceMetrics.SizeClass size) {
            this.run = run;
            this.size = size;
        }

        @Override
        public void entered(Stage stage) {
            lock.acquireUninterruptibly();
            try {
                String word = word(stage);
                if (!entered.isEmpty() && entered.getLast().equals(word)) {
                    return;
                }
                stop();
                entered.add(word);
                since = System.nanoTime();
                run.entered(word);
                if (stage == Stage.DECODING) {
                    Failpoint.DECODING.reach();
                } else if (entered.size() > 1) {
                    Failpoint.COMPUTING.reach();
                }
            } finally {
                lock.release();
            }
        }

        void end() {
            lock.acquireUninterruptibly();
            try {
                stop();
                entered.clear();
            } finally {
                lock.release();
            }
        }

        private void stop() {
            if (!entered.isEmpty()) {
                metrics.stage(entered.getLast(), size, Duration.ofNanos(System.nanoTime() - since));
            }
        }
    }
}
