package org.segmeter.evaluation;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.exceptions.TaskInstanceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.segmeter.telemetry.ServiceMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionCallback;
import org.springframework.transaction.support.TransactionTemplate;

/** The evaluations of this installation: what the API offers. */
@Component
public final class Evaluations {

    private static final Logger log = LoggerFactory.getLogger(Evaluations.class);

    /** How long to wait before looking again, for what happens on another replica. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    /** When to look whether a commit of unknown outcome is done. */
    private static final List<Duration> LOOK_FOR_COMMIT =
            List.of(Duration.ZERO, Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(2));

    private final EvaluationRows rows;
    private final StoredBlobs stored;
    private final BlobStore store;
    private final IdempotencyKeys keys;
    private final SubmittedContent contents;
    private final IntakeSettings intake;
    private final TransactionTemplate transaction;
    private final ObjectProvider<Scheduler> scheduler;
    private final RunningEvaluations running;
    private final Changes changes;
    private final Backlog backlog;
    private final ServiceMetrics metrics;

    Evaluations(
            EvaluationRows rows,
            StoredBlobs stored,
            BlobStore store,
            IdempotencyKeys keys,
            SubmittedContent contents,
            IntakeSettings intake,
            TransactionTemplate transaction,
            ObjectProvider<Scheduler> scheduler,
            RunningEvaluations running,
            Changes changes,
            Backlog backlog,
            ServiceMetrics metrics) {
        this.rows = rows;
        this.stored = stored;
        this.store = store;
        this.keys = keys;
        this.contents = contents;
        this.intake = intake;
        this.transaction = transaction;
        this.scheduler = scheduler;
        this.running = running;
        this.changes = changes;
        this.backlog = backlog;
        this.metrics = metrics;
    }

    /** How {@link #cancelOrRemove} ended. */
    public enum Removal {
        /** It was queued, and is cancelled. */
        CANCELLED,
        /** It is running, and will stop. */
        CANCELLING,
        /** It was in a final state, and is gone with its result. */
        REMOVED,
        /** There is none. */
        ABSENT
    }

    /** What the key already stands for; empty if it is free, or there is none. */
    public Optional<Acceptance> known(@Nullable IdempotencyKey key, Submission submission) {
        return key == null ? Optional.empty() : keys.find(key, submission.contentSha256());
    }

    /** Gives the files of a submission their names in the store. */
    public interface Files {
        void keep() throws IOException;
    }

    /**
     * Sees to it that no other request of a key is received at the same time, in this or any other process, until what is returned is
     * closed; empty if one is.
     */
    public Optional<AutoCloseable> hold(IdempotencyKey key) {
        return keys.hold(key).map(hold -> hold);
    }

    /**
     * Accepts an evaluation, once for each key, and without a key once for each content. When this returns that it was accepted, content,
     * evaluation, key and job are committed: it will reach a final state, whatever happens to this process.
     *
     * @param files kept after the database was told to hold them, so that nothing removes them before they are named
     * @param key the client's name for this submission; null if it gave none
     * @param fresh true to have a content without a key scored once more
     * @throws IOException if the files cannot be kept
     */
    public Acceptance submit(Submission submission, Files files, @Nullable IdempotencyKey key, boolean fresh)
            throws IOException {
        UUID id = EvaluationId.next();
        List<Blob> blobs = submission.files();
        if (store.keepsAtOnce()) {
            try {
                return accept(id, submission, key, fresh, () -> {
                    stored.take(blobs);
                    try {
                        files.keep();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    Failpoint.CONTENT_KEPT.reach();
                });
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
        stored.hold(id, blobs);
        boolean accepted = false;
        try {
            files.keep();
            Failpoint.CONTENT_KEPT.reach();
            Acceptance acceptance = accept(id, submission, key, fresh, () -> stored.kept(id, blobs));
            accepted = acceptance instanceof Acceptance.Accepted;
            return acceptance;
        } finally {
            if (!accepted) {
                release(id);
            }
        }
    }

    /**
     * Accepts an evaluation of content that is kept and used already, in the caller's transaction: it begins when that is
     * committed, at once if {@link #wake} is called then.
     */
    public UUID submitKept(Submission submission) {
        UUID id = EvaluationId.next();
        rows.insert(id, submission, 0);
        metrics.submitted();
        return id;
    }

    /** Looks for work that was committed a moment ago. */
    public void wake() {
        scheduler.getObject().triggerCheckForDueExecutions();
    }

    /** Scores the stored inputs of an evaluation again, as a new evaluation of the same request. */
    public Rescoring rescore(UUID id) {
        Evaluation before = rows.find(id).orElse(null);
        if (before == null) {
            return new Rescoring.Absent();
        }
        List<Blob> blobs = before.inputs().stream().map(Evaluation.Input::blob).toList();
        UUID again = EvaluationId.next();
        stored.hold(again, blobs);
        boolean accepted = false;
        try {
            for (Blob blob : blobs) {
                // Held, so what is there now stays.
                StoredBlobs.Condition condition =
                        stored.condition(blob.sha256()).orElse(StoredBlobs.Condition.MISSING);
                if (condition != StoredBlobs.Condition.STORED) {
                    return new Rescoring.Refused(
                            condition == StoredBlobs.Condition.REMOVED
                                    ? ServiceProblem.INPUTS_REMOVED
                                    : ServiceProblem.INPUTS_LOST);
                }
            }
            Submission submission = new Submission(
                    side(before, Side.PREDICTION),
                    side(before, Side.REFERENCE),
                    side(before, Side.MASK),
                    side(before, Side.IMAGE),
                    before.description(),
                    before.protocols(),
                    rows.request(id));
            accept(again, submission, null, true, () -> stored.kept(again, blobs));
            accepted = true;
            return new Rescoring.Accepted(again);
        } finally {
            if (!accepted) {
                release(again);
            }
        }
    }

    private static List<Blob> side(Evaluation evaluation, Side side) {
        return evaluation.inputs().stream()
                .filter(input -> input.side() == side)
                .map(Evaluation.Input::blob)
                .toList();
    }

    /** A hold that is not released ends by itself in a day. */
    private void release(UUID id) {
        try {
            stored.release(id);
        } catch (DataAccessException e) {
            log.debug("a hold could not be released");
        }
    }

    /** @param content sees to it, first in the transaction, that the content stays from its commit on */
    private Acceptance accept(
            UUID id, Submission submission, @Nullable IdempotencyKey key, boolean fresh, Runnable content) {
        boolean natural = key == null && !fresh && intake.naturalIdempotency();
        Acceptance acceptance = committed(id, status -> {
            content.run();
            if (key != null && !keys.take(key, submission.contentSha256(), id)) {
                return keys.find(key, submission.contentSha256())
                        .orElseThrow(() -> new ConcurrencyFailureException("the key expired at this moment"));
            }
            if (natural) {
                Optional<UUID> known = contents.take(submission, id);
                if (known.isPresent()) {
                    return new Acceptance.Replayed(known.get());
                }
            }
            Instant at = rows.insert(id, submission, backlog.priority());
            Failpoint.IN_TRANSACTION.reach();
            // The database has an order of its own for labels, and a repeated request is answered with the same bytes.
            boolean told = submission.description().labels().size() < 2;
            return new Acceptance.Accepted(id, told ? Evaluation.accepted(id, at, submission) : null);
        });
        if (!(acceptance instanceof Acceptance.Accepted)) {
            return acceptance;
        }
        Failpoint.COMMITTED.reach();
        // Only now can a worker see the job.
        wake();
        backlog.accepted();
        metrics.submitted();
        try (MDC.MDCCloseable ignored = MDC.putCloseable("evaluation_id", id.toString())) {
            log.info(
                    "evaluation accepted, {} and {} files",
                    submission.prediction().size(),
                    submission.reference().size());
        }
        return acceptance;
    }

    /** Runs it in a transaction. If the connection breaks in the commit, its outcome is found out by looking whether the row is there. */
    private Acceptance committed(UUID id, TransactionCallback<Acceptance> work) {
        try {
            return Objects.requireNonNull(transaction.execute(work));
        } catch (TransactionException | DataAccessException e) {
            // What the server refused is not there. Only a lost connection leaves it open.
            if (isConnectionLost(e) && isThere(id)) {
                log.warn("the connection broke in a commit, which was found to be done");
                return new Acceptance.Accepted(id);
            }
            throw e;
        }
    }

    private boolean isThere(UUID id) {
        for (Duration pause : LOOK_FOR_COMMIT) {
            try {
                Thread.sleep(pause);
                if (rows.state(id).isPresent()) {
                    return true;
                }
            } catch (DataAccessException e) {
                log.debug("the outcome of a commit is not known yet");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    private static boolean isConnectionLost(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause() == cause ? null : cause.getCause()) {
            if (cause instanceof SQLException database
                    && database.getSQLState() != null
                    && database.getSQLState().startsWith("08")) {
                return true;
            }
        }
        return false;
    }

    public Optional<Evaluation> find(UUID id) {
        return rows.find(id);
    }

    public EvaluationQuery.Page list(EvaluationQuery query) {
        return rows.list(query);
    }

    public Optional<StoredScorecard> scorecard(UUID id) {
        return rows.scorecard(id);
    }

    /** Returns when the evaluation is in a final state, or the time is over, or the service ends; what it is then. */
    public Optional<State> awaitFinal(UUID id, Duration longest) throws InterruptedException {
        long end = System.nanoTime() + longest.toNanos();
        try (Changes.Watch watch = changes.watch(id)) {
            while (true) {
                Optional<State> state = rows.state(id);
                Duration left = Duration.ofNanos(end - System.nanoTime());
                if (state.isEmpty() || state.get().isFinal() || !left.isPositive() || changes.isClosed()) {
                    return state;
                }
                watch.await(left.compareTo(LOOK_AGAIN) < 0 ? left : LOOK_AGAIN);
            }
        }
    }

    /**
     * Tells what happens to an evaluation, from the first event after {@code after} to its final state.
     *
     * @param sink is given the events that are new, in order; an empty list about once in fifteen seconds without any, which keeps
     *     the connection alive
     */
    public void follow(UUID id, long after, Consumer<List<Event>> sink) throws InterruptedException {
        long last = after;
        int silent = 0;
        try (Changes.Watch watch = changes.watch(id)) {
            while (!changes.isClosed()) {
                List<Event> events = rows.events(id, last);
                if (!events.isEmpty()) {
                    sink.accept(events);
                    last = events.getLast().sequence();
                    silent = 0;
                    if (events.getLast().state().isFinal()) {
                        return;
                    }
                } else if (silent % 15 == 14) {
                    sink.accept(List.of());
                }
                if (events.isEmpty() && rows.state(id).map(State::isFinal).orElse(true)) {
                    // Resumed behind the last event, or removed meanwhile.
                    if (rows.events(id, last).isEmpty()) {
                        return;
                    }
                    continue;
                }
                silent++;
                watch.await(LOOK_AGAIN);
            }
        }
    }

    /** Cancels an evaluation that is not finished, removes one that is. */
    public Removal cancelOrRemove(UUID id) {
        return end(id, true);
    }

    /** Cancels an evaluation that is not finished; one that is stays as it is. */
    public void cancel(UUID id) {
        end(id, false);
    }

    private Removal end(UUID id, boolean removes) {
        // Its state is locked first: between two looks it could begin, go back into the queue, or end.
        Removal removal = Objects.requireNonNull(transaction.execute(status -> rows.locked(id)
                .map(state -> switch (state) {
                    case QUEUED -> rows.cancelQueued(id) ? Removal.CANCELLED : Removal.ABSENT;
                    case RUNNING -> rows.requestCancel(id) ? Removal.CANCELLING : Removal.ABSENT;
                    case SUCCEEDED, FAILED, CANCELLED -> removes && rows.remove(id) ? Removal.REMOVED : Removal.ABSENT;
                })
                .orElse(Removal.ABSENT)));
        if (removal == Removal.CANCELLED) {
            forgetJob(id);
            metrics.completed(ServiceMetrics.Outcome.CANCELLED);
        } else if (removal == Removal.CANCELLING) {
            running.cancel(id);
        }
        changes.changed(id);
        return removal;
    }

    /** Waiters are let go before the server waits for its requests to end, and no work is begun any more. */
    @EventListener(ContextClosedEvent.class)
    void letGo() {
        changes.close();
        scheduler.ifAvailable(Scheduler::pause);
    }

    private void forgetJob(UUID id) {
        try {
            scheduler.getObject().cancel(EvaluationJob.TASK.instanceId(id.toString()));
        } catch (TaskInstanceException e) {
            // A worker has just picked it; it will find the evaluation cancelled.
            log.debug("the job of a cancelled evaluation was picked meanwhile");
        }
    }
}
