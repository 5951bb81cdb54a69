package org.segmeter.batch;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Acceptance;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.DiskFloor;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.IdempotencyKey;
import org.segmeter.evaluation.IdempotencyKeys;
import org.segmeter.evaluation.KeptContent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** The batches of this installation: what the API offers. */
@Component
@EnableConfigurationProperties(BatchSettings.class)
public final class Batches {

    private static final Logger log = LoggerFactory.getLogger(Batches.class);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(250);
    private static final int MOST_EVENTS = 500;
    private static final int MOST_REMOVED = 500;

    private final BatchRows rows;
    private final Sources sources;
    private final BlobStore store;
    private final KeptContent kept;
    private final DiskFloor disk;
    private final BatchSettings settings;
    private final IdempotencyKeys keys;
    private final Evaluations evaluations;
    private final TransactionTemplate transaction;
    private volatile boolean closed;

    Batches(
            BatchRows rows,
            Sources sources,
            BlobStore store,
            KeptContent kept,
            DiskFloor disk,
            BatchSettings settings,
            IdempotencyKeys keys,
            Evaluations evaluations,
            TransactionTemplate transaction) {
        this.rows = rows;
        this.sources = sources;
        this.store = store;
        this.kept = kept;
        this.disk = disk;
        this.settings = settings;
        this.keys = keys;
        this.evaluations = evaluations;
        this.transaction = transaction;
    }

    /** How the content of a batch is marked as needed. */
    static String user(UUID batch) {
        return "batch:" + batch;
    }

    /** Begins to receive a batch; to be closed. */
    public BatchIntake receive(long largestFile) {
        return new BatchIntake(store, kept, disk, settings, largestFile);
    }

    /**
     * Accepts what was received, once for each key. When this returns that it was accepted, batch and items are committed: every item
     * will reach a final state, whatever happens to this process.
     *
     * @param description what holds for items that do not say it
     * @param protocols by which to score, at least one
     * @param request the sender's JSON; null if there was none
     * @param key the client's name for this submission; null if it gave none
     * @throws InvalidManifest if the manifest cannot be used, or no pair can be made of the files
     */
    public Acceptance submit(
            BatchIntake intake,
            Description description,
            List<String> protocols,
            @Nullable String request,
            @Nullable IdempotencyKey key)
            throws InvalidManifest, IOException {
        String content = intake.contentSha256(request);
        Optional<Acceptance> known = key == null ? Optional.empty() : keys.find(key, content);
        if (known.isPresent()) {
            return known.get();
        }
        List<NewItem> items = BatchPlan.of(intake, settings.maxItems(), description, sources::objection);
        UUID id = UUID.randomUUID();
        Acceptance acceptance = transaction.execute(status -> {
            if (key != null && !keys.take(key, content, id)) {
                return keys.find(key, content)
                        .orElseThrow(() -> new ConcurrencyFailureException("the key expired at this moment"));
            }
            rows.insert(id, Batch.State.RUNNING, false, protocols, request);
            add(id, 1, items);
            kept.use(intake.holder(), used(intake.files().values(), items), user(id));
            return new Acceptance.Accepted(id);
        });
        if (acceptance instanceof Acceptance.Accepted) {
            intake.taken();
            log.info("batch accepted, {} items", items.size());
        }
        return Objects.requireNonNull(acceptance);
    }

    private void add(UUID batch, int first, List<NewItem> items) {
        rows.insertItems(batch, first, items);
        List<Integer> failed = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i).problem() != null) {
                failed.add(first + i);
            }
        }
        rows.count(batch, items.size() - failed.size(), 0, 0, failed.size(), 0);
        rows.events(batch, Batch.Event.Kind.ITEM_FAILED, failed);
    }

    /** The content that the items name; what else came is not needed, and goes in time. */
    private static List<Blob> used(Collection<Blob> received, List<NewItem> items) {
        Map<String, Blob> byPlace = new HashMap<>();
        received.forEach(blob -> byPlace.put(Sources.of(blob), blob));
        Map<String, Blob> used = new HashMap<>();
        for (NewItem item : items) {
            for (List<String> side : List.of(item.prediction(), item.reference(), item.mask())) {
                for (String place : side) {
                    Blob blob = byPlace.get(place);
                    if (blob != null) {
                        used.put(place, blob);
                    }
                }
            }
        }
        return List.copyOf(used.values());
    }

    /**
     * Begins a batch of the service's own making, to which items are added until {@link #complete}; does nothing if there is one.
     *
     * @return true if it was begun now
     */
    public boolean open(UUID id, List<String> protocols) {
        return Boolean.TRUE.equals(
                transaction.execute(status -> rows.insert(id, Batch.State.OPEN, true, protocols, null)));
    }

    /** Content that is to be kept. */
    public interface Content {
        /** Writes it into the store, where {@code holder} holds it. */
        List<Blob> keep(UUID holder) throws IOException;
    }

    /**
     * Adds items and their content to a batch that is open.
     *
     * @param first the number that the first item is to get
     * @return false if the batch is not open any more, or another process has added items of these numbers; then nothing was added
     */
    public boolean add(UUID batch, int first, Content content, List<NewItem> items) throws IOException {
        UUID holder = UUID.randomUUID();
        boolean added = false;
        try {
            List<Blob> blobs = content.keep(holder);
            added = Boolean.TRUE.equals(transaction.execute(status -> {
                BatchRows.Locked locked = rows.lock(batch, true).orElse(null);
                if (locked == null || locked.state() != Batch.State.OPEN) {
                    return false;
                }
                if (rows.find(batch).orElseThrow().items().total() != first - 1) {
                    return false;
                }
                add(batch, first, items);
                kept.use(holder, blobs, user(batch));
                return true;
            }));
            return added;
        } finally {
            if (!added) {
                kept.release(holder);
            }
        }
    }

    /** No items come any more. */
    public void complete(UUID batch) {
        transaction.executeWithoutResult(status -> rows.lock(batch, true)
                .filter(locked -> locked.state() == Batch.State.OPEN)
                .ifPresent(locked -> rows.state(batch, Batch.State.RUNNING)));
    }

    public Optional<Batch> find(UUID id) {
        return rows.find(id);
    }

    /**
     * The newest first.
     *
     * @param after the last one of the page before; null for the first page
     */
    public Batch.Page list(Batch.@Nullable Position after, int limit) {
        return rows.list(after, limit);
    }

    /**
     * Items by their number.
     *
     * @param state of the items that are wanted; null for all
     * @param after number of the last one of the page before; 0 for the first page
     */
    public BatchItem.Page items(UUID batch, BatchItem.@Nullable State state, int after, int limit) {
        return rows.items(batch, state, after, limit);
    }

    /** Returns when the batch is over, or the time is, or the service ends; what it is then. */
    public Optional<Batch> awaitFinal(UUID id, Duration longest) throws InterruptedException {
        long end = System.nanoTime() + longest.toNanos();
        while (true) {
            Optional<Batch> batch = rows.find(id);
            long left = end - System.nanoTime();
            if (batch.isEmpty() || batch.get().state().isFinal() || left <= 0 || closed) {
                return batch;
            }
            Thread.sleep(Duration.ofNanos(Math.min(left, LOOK_AGAIN.toNanos())));
        }
    }

    /** Is told what happens to a batch. */
    public interface Follower {
        /**
         * @param events that are new, in their order; may be empty
         * @param batch as it is after them
         * @return false to be told no more
         */
        boolean tell(List<Batch.Event> events, Batch batch);
    }

    /**
     * Tells what happens to a batch until it is over: every event after {@code after}, and twice a second how far it has come if that has
     * changed, and once in fifteen seconds if it has not.
     */
    public void follow(UUID id, long after, Follower follower) throws InterruptedException {
        long last = after;
        Batch.Counts told = null;
        int silent = 0;
        while (!closed) {
            Batch batch = rows.find(id).orElse(null);
            if (batch == null) {
                return;
            }
            List<Batch.Event> events = rows.eventsAfter(id, last, MOST_EVENTS);
            boolean over = batch.state().isFinal() && events.size() < MOST_EVENTS;
            silent++;
            if (!events.isEmpty() || !batch.items().equals(told) || silent >= 30 || over) {
                silent = 0;
                told = batch.items();
                if (!follower.tell(events, batch)) {
                    return;
                }
            }
            if (!events.isEmpty()) {
                last = events.getLast().sequence();
            }
            if (over) {
                return;
            }
            if (events.size() < MOST_EVENTS) {
                Thread.sleep(Duration.ofMillis(500));
            }
        }
    }

    /** Has the failed items tried again; how many those are, or empty if there is no such batch. */
    public Optional<Integer> retry(UUID id) {
        return Objects.requireNonNull(transaction.execute(status -> rows.lock(id, true)
                .map(batch -> {
                    int retried = batch.state() == Batch.State.CANCELLED ? 0 : rows.retryFailed(id);
                    if (retried > 0) {
                        rows.count(id, retried, 0, 0, -retried, 0);
                        rows.event(id, Batch.Event.Kind.RETRIED);
                        if (batch.state() == Batch.State.DONE) {
                            rows.state(id, Batch.State.RUNNING);
                        }
                    }
                    return retried;
                })));
    }

    /** What became of {@link #cancelOrRemove}. */
    public enum Removal {
        /** What waited does not any more, and what was being scored stops. */
        CANCELLED,
        /** It was over, and is forgotten; its evaluations stay. */
        REMOVED,
        ABSENT
    }

    /**
     * Cancels a batch that is not over, forgets one that is.
     *
     * @param withEvaluations true to remove its evaluations with their results, and then the batch, however far it was
     */
    public Removal cancelOrRemove(UUID id, boolean withEvaluations) throws InterruptedException {
        List<UUID> toStop = new ArrayList<>();
        Removal removal = Objects.requireNonNull(transaction.execute(status -> {
            BatchRows.Locked batch = rows.lock(id, true).orElse(null);
            if (batch == null) {
                return Removal.ABSENT;
            }
            if (batch.state().isFinal()) {
                if (!withEvaluations) {
                    kept.forget(user(id));
                    rows.delete(id);
                }
                return Removal.REMOVED;
            }
            toStop.addAll(rows.evaluations(id));
            int waiting = rows.cancelWaiting(id);
            rows.count(id, -waiting, 0, 0, 0, waiting);
            rows.state(id, Batch.State.CANCELLED);
            rows.event(id, Batch.Event.Kind.CANCELLED);
            kept.forget(user(id));
            return Removal.CANCELLED;
        }));
        toStop.forEach(evaluations::cancel);
        if (withEvaluations && removal != Removal.ABSENT) {
            removeAll(id);
            return Removal.REMOVED;
        }
        return removal;
    }

    /** Piece by piece, so that no transaction takes long; what a crash leaves is there to be removed again. */
    private void removeAll(UUID id) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            Integer removed = transaction.execute(status -> rows.removeEvaluations(id, MOST_REMOVED));
            if (removed != null && removed > 0) {
                continue;
            }
            // What was being scored stops in its own time.
            boolean scoring =
                    rows.find(id).map(batch -> batch.items().scoring() > 0).orElse(false);
            if (!scoring || closed || System.nanoTime() > end) {
                break;
            }
            Thread.sleep(LOOK_AGAIN);
        }
        transaction.executeWithoutResult(status -> {
            rows.removeEvaluations(id, Integer.MAX_VALUE);
            kept.forget(user(id));
            rows.delete(id);
        });
    }

    /** Those who wait are let go before the server waits for its requests to end. */
    @EventListener(ContextClosedEvent.class)
    void letGo() {
        closed = true;
    }
}
