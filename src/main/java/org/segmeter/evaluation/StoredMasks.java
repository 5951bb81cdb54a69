package org.segmeter.evaluation;

import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.PairMasks;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * The masks of finished evaluations, for looking at them: read from the stored inputs, and a few of them kept in memory, for whoever looks at
 * one slice looks at the next. What is kept is bounded and let go in the order of last use.
 */
@Component
public final class StoredMasks {

    private static final Logger log = LoggerFactory.getLogger(StoredMasks.class);

    /** Reading a pair takes processors and memory from scoring: two at a time. */
    private static final int READ_AT_ONCE = 2;

    private final EvaluationRows rows;
    private final BlobStore blobs;
    private final ProtocolStore protocols;
    private final MemoryBudget admission;
    private final ScoringThreads threads;
    private final long mostBytes;
    private final SegmentationReader reader = SegmentationReader.standard();
    private final Map<UUID, PairMasks> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long keptBytes;
    private final Map<UUID, CompletableFuture<Outcome>> running = new ConcurrentHashMap<>();
    private final Semaphore turn = new Semaphore(READ_AT_ONCE, true);
    private final CancelSignal ending = new CancelSignal();

    @Autowired
    StoredMasks(
            EvaluationRows rows,
            BlobStore blobs,
            ProtocolStore protocols,
            MemoryBudget admission,
            ScoringThreads threads) {
        // A part of the heap that scoring is not promised (see MemoryBudget#ofHeap).
        this(rows, blobs, protocols, admission, threads, Runtime.getRuntime().maxMemory() / 16);
    }

    StoredMasks(
            EvaluationRows rows,
            BlobStore blobs,
            ProtocolStore protocols,
            MemoryBudget admission,
            ScoringThreads threads,
            long mostBytes) {
        this.rows = rows;
        this.blobs = blobs;
        this.protocols = protocols;
        this.admission = admission;
        this.threads = threads;
        this.mostBytes = mostBytes;
    }

    /** What became of asking for masks. */
    public sealed interface Outcome permits Outcome.Ready, Outcome.NoScorecard, Unreadable {
        record Ready(PairMasks masks) implements Outcome {}

        /** The evaluation has no scorecard: it is not done, or failed, was cancelled or removed. */
        record NoScorecard() implements Outcome {}
    }

    /** @param patience how long to wait for reading them; it goes on if that is not enough */
    public Outcome of(UUID id, Duration patience) throws InterruptedException {
        // What must no longer be kept is no longer shown, though it may still be in memory.
        if (rows.inputsRemoved(id)) {
            return new Unreadable.Gone(true);
        }
        PairMasks known = known(id);
        if (known != null) {
            return new Outcome.Ready(known);
        }
        if (rows.scorecard(id).isEmpty()) {
            return new Outcome.NoScorecard();
        }
        // The database is asked on the caller's thread, with the caller's rights.
        List<Evaluation.Input> inputs = rows.inputs(id);
        String request = rows.request(id);
        CompletableFuture<Outcome> work = new CompletableFuture<>();
        CompletableFuture<Outcome> before = running.putIfAbsent(id, work);
        if (before == null) {
            Thread.ofVirtual().name("masks-" + id).start(() -> run(id, inputs, request, work));
        }
        try {
            return (before == null ? work : before).get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return new Unreadable.Unavailable();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof DataAccessException database
                    ? database
                    : new IllegalStateException("masks could not be read", e.getCause());
        }
    }

    private void run(
            UUID id, List<Evaluation.Input> inputs, @Nullable String request, CompletableFuture<Outcome> work) {
        try {
            turn.acquire();
            try {
                work.complete(read(id, inputs, request));
            } finally {
                turn.release();
            }
        } catch (CancellationException | InterruptedException e) {
            work.complete(new Unreadable.Unavailable());
        } catch (IOException e) {
            log.warn("masks could not be read: {}", Reasons.describe(e));
            work.complete(new Unreadable.Unavailable());
        } catch (RuntimeException | Error e) {
            log.error("masks could not be read: {}", Reasons.describe(e));
            work.completeExceptionally(e);
        } finally {
            running.remove(id, work);
        }
    }

    private Outcome read(UUID id, List<Evaluation.Input> inputs, @Nullable String request) throws IOException {
        ending.check();
        try (OpenInputs files = OpenInputs.of(inputs, blobs)) {
            ScoringOptions options = request == null ? ScoringOptions.defaults() : ScoringOptions.parse(request);
            ScoringInput prediction = files.side(Side.PREDICTION);
            ScoringInput reference = files.side(Side.REFERENCE);
            ScoringInput mask = files.mask();
            PairMasks masks = threads.call(() -> admission.admitted(
                    prediction,
                    reference,
                    mask,
                    options,
                    ending,
                    promise -> PairMasks.read(
                            reader,
                            protocols.including(options.protocols()),
                            ForkJoinPool.commonPool(),
                            prediction,
                            reference,
                            mask,
                            options,
                            ending)));
            keep(id, masks);
            return new Outcome.Ready(masks);
        } catch (BlobStore.Lost e) {
            return new Unreadable.Gone(false);
        } catch (InputException e) {
            return new Unreadable.Refused(e);
        }
    }

    private synchronized @Nullable PairMasks known(UUID id) {
        return kept.get(id);
    }

    private synchronized void keep(UUID id, PairMasks masks) {
        if (masks.bytes() > mostBytes) {
            return;
        }
        PairMasks before = kept.put(id, masks);
        keptBytes += masks.bytes() - (before == null ? 0 : before.bytes());
        Iterator<PairMasks> oldest = kept.values().iterator();
        while (keptBytes > mostBytes) {
            keptBytes -= oldest.next().bytes();
            oldest.remove();
        }
    }

    /** How many bytes of masks are kept. */
    synchronized long keptBytes() {
        return keptBytes;
    }

    @EventListener(ContextClosedEvent.class)
    void letGo() {
        ending.cancel();
    }
}
