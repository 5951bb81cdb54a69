package org.segmeter.evaluation;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.segmeter.scoring.EngineVersion;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.node.ObjectNode;

/**
 * Losses, calibration and fragility of finished evaluations. They cost more than a scorecard and few people ask for them, so they
 * are measured from the stored inputs at the first request, one evaluation at a time with the help of all free processors, and
 * stored: every later answer has the same bytes. Whoever loses patience finds them later; the work goes on.
 */
@Component
public final class LossDocuments {

    private static final Logger log = LoggerFactory.getLogger(LossDocuments.class);

    private final EvaluationRows rows;
    private final TransactionTemplate transaction;
    private final BlobStore blobs;
    private final LossEngine engine;
    private final ScoringThreads threads;
    private final Duration limit;
    private final Map<UUID, CompletableFuture<Outcome>> running = new ConcurrentHashMap<>();
    private final Semaphore turn = new Semaphore(1, true);
    private final Set<CancelSignal> signals = ConcurrentHashMap.newKeySet();
    private volatile boolean ending;

    LossDocuments(
            EvaluationRows rows,
            TransactionTemplate transaction,
            BlobStore blobs,
            LossEngine engine,
            ScoringThreads threads,
            StageSettings stages) {
        this.rows = rows;
        this.transaction = transaction;
        this.blobs = blobs;
        this.engine = engine;
        this.threads = threads;
        this.limit = stages.limit(ScoringProgress.Stage.MEASURING);
    }

    /** What became of asking for a document. */
    public sealed interface Outcome
            permits Outcome.Ready, Outcome.Measuring, Outcome.NoScorecard, Outcome.TooLong, Unreadable {
        record Ready(LossDocument document) implements Outcome {}

        /** It is being measured, or waits for its turn. */
        record Measuring() implements Outcome {}

        /** The evaluation has no scorecard: it is not done, or failed, was cancelled or removed. */
        record NoScorecard() implements Outcome {}

        /** It took longer than measuring may take. */
        record TooLong(Duration limit) implements Outcome {}
    }

    /** The document as it is stored; it is measured if that was never done, and waited for. */
    public Outcome get(UUID id, LossDocument.Kind kind, Duration patience) throws InterruptedException {
        Optional<LossDocument> stored = rows.lossDocument(id, kind);
        if (stored.isPresent()) {
            return new Outcome.Ready(stored.get());
        }
        if (rows.scorecard(id).isEmpty()) {
            return new Outcome.NoScorecard();
        }
        CompletableFuture<Outcome> work = new CompletableFuture<>();
        CompletableFuture<Outcome> before = running.putIfAbsent(id, work);
        if (before == null) {
            Thread.ofVirtual().name("losses-" + id).start(() -> run(id, work));
        }
        try {
            Outcome outcome = (before == null ? work : before).get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return outcome instanceof Outcome.Measuring
                    ? rows.lossDocument(id, kind)
                            .<Outcome>map(Outcome.Ready::new)
                            .orElseGet(Outcome.NoScorecard::new)
                    : outcome;
        } catch (TimeoutException e) {
            return new Outcome.Measuring();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof DataAccessException database
                    ? database
                    : new IllegalStateException("losses could not be measured", e.getCause());
        }
    }

    /** Completes the work with Measuring once the documents are stored. */
    private void run(UUID id, CompletableFuture<Outcome> work) {
        try (MDC.MDCCloseable ignored = MDC.putCloseable("evaluation_id", id.toString())) {
            turn.acquire();
            try {
                work.complete(measure(id));
            } finally {
                turn.release();
            }
        } catch (InterruptedException e) {
            work.complete(new Unreadable.Unavailable());
        } catch (IOException e) {
            log.warn("losses could not be measured: {}", Reasons.describe(e));
            work.complete(new Unreadable.Unavailable());
        } catch (RuntimeException | Error e) {
            log.error("losses could not be measured: {}", Reasons.describe(e));
            work.completeExceptionally(e);
        } finally {
            running.remove(id, work);
        }
    }

    private Outcome measure(UUID id) throws IOException {
        if (rows.lossDocument(id, LossDocument.Kind.LOSS).isPresent()) {
            return new Outcome.Measuring();
        }
        List<Evaluation.Input> inputs = rows.inputs(id);
        if (inputs.isEmpty()) {
            return new Outcome.NoScorecard();
        }
        long begin = System.nanoTime();
        ObjectNode documents;
        CancelSignal signal = new CancelSignal();
        CompletableFuture<?> over = new CompletableFuture<>().orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS);
        over.whenComplete((nothing, timeout) -> {
            if (timeout != null) {
                signal.cancel();
            }
        });
        signals.add(signal);
        try (OpenInputs files = OpenInputs.of(inputs, blobs)) {
            if (ending) {
                return new Unreadable.Unavailable();
            }
            String request = rows.request(id);
            documents = threads.call(() -> engine.losses(
                    files.side(Side.PREDICTION), files.side(Side.REFERENCE), files.mask(), request, signal));
        } catch (BlobStore.Lost e) {
            return new Unreadable.Gone(rows.inputsRemoved(id));
        } catch (InputException e) {
            return new Unreadable.Refused(e);
        } catch (CancellationException e) {
            return over.isCompletedExceptionally() ? new Outcome.TooLong(limit) : new Unreadable.Unavailable();
        } finally {
            signals.remove(signal);
            over.complete(null);
        }
        try {
            transaction.executeWithoutResult(status -> {
                for (LossDocument.Kind kind : LossDocument.Kind.values()) {
                    rows.insertLossDocument(id, kind, compose(id, documents, kind), EngineVersion.current());
                }
            });
        } catch (DataIntegrityViolationException e) {
            // The evaluation was removed meanwhile.
            return new Outcome.NoScorecard();
        }
        log.info("losses measured in {} ms", (System.nanoTime() - begin) / 1_000_000);
        return new Outcome.Measuring();
    }

    private static LossDocument compose(UUID id, ObjectNode documents, LossDocument.Kind kind) {
        ObjectNode whole = documents.objectNode();
        whole.put("id", id.toString());
        documents.path(kind.word()).properties().forEach(member -> whole.set(member.getKey(), member.getValue()));
        String content = whole.toString();
        return new LossDocument(content, EvaluationRunner.sha256(content));
    }

    /** What is being measured is given up: it can be measured again. */
    @EventListener(ContextClosedEvent.class)
    void letGo() {
        ending = true;
        signals.forEach(CancelSignal::cancel);
    }
}
