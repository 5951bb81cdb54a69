package org.segmeter.batch;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.evaluation.Backlog;
import org.segmeter.evaluation.Blob;
import org.segmeter.evaluation.EvaluationSettings;
import org.segmeter.evaluation.Evaluations;
import org.segmeter.evaluation.KeptContent;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.Reasons;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.evaluation.Submission;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Keeps the queue supplied from the batches, and takes over how their evaluations ended. Every replica does; a batch is one replica's
 * for one transaction, by the lock on its row, and in that transaction its items get their evaluations: so each gets one, whenever a
 * replica ends. The queue is kept short, so that what comes beside a batch of a hundred thousand waits for some seconds only.
 */
@Component
final class BatchFeeder {

    private static final Logger log = LoggerFactory.getLogger(BatchFeeder.class);

    /** Evaluations that wait in the queue for each scoring thread of this replica. */
    private static final int WAITING_FOR_WORKER = 32;

    private static final int MOST_SETTLED = 1000;

    /** After this long, what was fetched from elsewhere is scored before more is fetched. */
    private static final Duration LONGEST_FETCH = Duration.ofSeconds(2);

    /** How long other batches wait for what one of them fetches; it goes on beside them. */
    private static final Duration PATIENCE = Duration.ofMillis(100);

    /** Batches that may be fetching from elsewhere at a time. */
    private static final int MOST_FETCHING = 8;

    private final BatchRows rows;
    private final Sources sources;
    private final KeptContent kept;
    private final Evaluations evaluations;
    private final Backlog backlog;
    private final TransactionTemplate transaction;
    private final int target;
    private volatile boolean closed;

    /** What of a batch is being fetched from elsewhere, which may take as long as a PACS takes. */
    private final Map<UUID, Future<Map<Integer, Problem>>> fetching = new HashMap<>();

    private final ExecutorService fetchers = Executors.newVirtualThreadPerTaskExecutor();

    /** Batches of which was said that they cannot be fed. */
    private final Set<UUID> stuck = new HashSet<>();

    BatchFeeder(
            BatchRows rows,
            Sources sources,
            KeptContent kept,
            Evaluations evaluations,
            Backlog backlog,
            TransactionTemplate transaction,
            EvaluationSettings settings) {
        this.rows = rows;
        this.sources = sources;
        this.kept = kept;
        this.evaluations = evaluations;
        this.backlog = backlog;
        this.transaction = transaction;
        this.target = WAITING_FOR_WORKER * settings.workers();
    }

    @EventListener(ContextClosedEvent.class)
    void close() {
        closed = true;
        fetchers.shutdown();
    }

    @Scheduled(initialDelay = 1000, fixedDelay = 250)
    void feed() {
        if (closed) {
            return;
        }
        try {
            List<UUID> batches = rows.unfinished();
            fetching.entrySet().removeIf(fetch -> fetch.getValue().isDone() && !batches.contains(fetch.getKey()));
            if (batches.isEmpty()) {
                return;
            }
            long room = Math.min(target, backlog.limit()) - backlog.waiting();
            int share = room <= 0 ? 0 : (int) Math.max(1, room / batches.size());
            boolean fed = false;
            for (UUID batch : batches) {
                try (Tenant.Binding ignored = Tenant.bind(rows.tenant(batch).orElse(Tenant.NOBODY))) {
                    fed |= feedAlone(batch, share);
                }
            }
            if (fed) {
                evaluations.wake();
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("batches cannot be fed now: {}", e.getClass().getSimpleName());
        }
    }

    /** One that cannot be fed must not hold up those behind it for ever. */
    private boolean feedAlone(UUID batch, int most) {
        try {
            boolean fed = feed(batch, most);
            stuck.remove(batch);
            return fed;
        } catch (DataAccessResourceFailureException | TransientDataAccessException | TransactionException e) {
            throw e; // of the database, and of every batch
        } catch (RuntimeException e) {
            if (stuck.add(batch)) {
                log.error("batch {} cannot be fed: {}", batch, Reasons.describe(e));
            }
            return false;
        }
    }

    /** True if evaluations were made. */
    private boolean feed(UUID batch, int most) {
        Map<Integer, Problem> refused = most == 0 ? Map.of() : fetched(batch, most);
        return Boolean.TRUE.equals(transaction.execute(status -> {
            BatchRows.Locked locked = rows.lock(batch, false).orElse(null);
            if (locked == null) {
                return false;
            }
            rows.actFor(locked.tenant());
            int left = locked.scoring() - settle(batch);
            if (locked.state().isFinal()) {
                return false;
            }
            int waiting = locked.waiting();
            boolean fed = false;
            if (most > 0 && waiting > 0) {
                List<BatchRows.Waiting> items = rows.waiting(batch, most);
                int submitted = submit(locked, items, refused);
                waiting -= items.size();
                left += submitted;
                fed = submitted > 0;
            }
            if (locked.state() == Batch.State.RUNNING && waiting == 0 && left == 0) {
                rows.state(batch, Batch.State.DONE);
                rows.event(batch, Batch.Event.Kind.DONE);
                kept.forget(Batches.user(batch));
                log.info("a batch is done");
            }
            return fed;
        }));
    }

    /** What was refused of what has been fetched by now. */
    private Map<Integer, Problem> fetched(UUID batch, int most) {
        Future<Map<Integer, Problem>> fetch = fetching.get(batch);
        if (fetch == null && !closed && fetching.size() < MOST_FETCHING) {
            String tenant = Tenant.bound();
            fetch = fetchers.submit(() -> {
                try (Tenant.Binding ignored = Tenant.bind(tenant)) {
                    return fetch(batch, most);
                }
            });
            fetching.put(batch, fetch);
        }
        if (fetch == null) {
            return Map.of();
        }
        try {
            Map<Integer, Problem> refused = fetch.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            fetching.remove(batch);
            return refused;
        } catch (TimeoutException e) {
            return Map.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Map.of();
        } catch (ExecutionException e) {
            fetching.remove(batch);
            throw e.getCause() instanceof RuntimeException reason ? reason : new IllegalStateException(e.getCause());
        }
    }

    /** Reads what lies below a root or in a PACS before the batch is locked, because that may take long. */
    private Map<Integer, Problem> fetch(UUID batch, int most) {
        Map<Integer, Problem> refused = new LinkedHashMap<>();
        long end = System.nanoTime() + LONGEST_FETCH.toNanos();
        for (BatchRows.Waiting item : rows.waiting(batch, most)) {
            if (closed || System.nanoTime() - end > 0) {
                break;
            }
            try {
                Problem problem = sources.fetch(batch, item);
                if (problem != null) {
                    refused.put(item.number(), problem);
                }
            } catch (IOException e) {
                // The store or its disk: no fault of the item, which waits.
                log.warn(
                        "files of a batch cannot be stored now: {}",
                        e.getClass().getSimpleName());
                break;
            }
        }
        return refused;
    }

    private int settle(UUID batch) {
        List<BatchRows.Ended> ended = rows.settle(batch, MOST_SETTLED);
        if (ended.isEmpty()) {
            return 0;
        }
        int succeeded = 0;
        int cancelled = 0;
        List<Integer> failed = new ArrayList<>();
        for (BatchRows.Ended one : ended) {
            switch (one.state()) {
                case SUCCEEDED -> succeeded++;
                case FAILED -> failed.add(one.number());
                default -> cancelled++;
            }
        }
        failed.sort(null);
        rows.count(batch, 0, -ended.size(), succeeded, failed.size(), cancelled);
        rows.events(batch, Batch.Event.Kind.ITEM_FAILED, failed);
        return ended.size();
    }

    private int submit(BatchRows.Locked batch, List<BatchRows.Waiting> items, Map<Integer, Problem> refused) {
        Set<String> digests = new HashSet<>();
        for (BatchRows.Waiting item : items) {
            digests(item.places(), digests);
        }
        Map<String, Blob> stored = kept.locked(digests);
        Map<Integer, UUID> made = new LinkedHashMap<>();
        List<Integer> failed = new ArrayList<>();
        int later = 0;
        for (BatchRows.Waiting item : items) {
            List<Blob> prediction = blobs(item.prediction(), stored);
            List<Blob> reference = blobs(item.reference(), stored);
            List<Blob> mask = blobs(item.mask(), stored);
            Problem problem = refused.get(item.number());
            if (problem == null
                    && (item.prediction().isEmpty() || item.reference().isEmpty())) {
                problem = Problem.of(ServiceProblem.NO_COUNTERPART, "One side has no file.");
            }
            if (problem == null && (prediction == null || reference == null || mask == null)) {
                if (!item.places().stream().allMatch(Sources::isStored)) {
                    later++; // its files could not be fetched this time
                    continue;
                }
                problem = Problem.of(ServiceProblem.MISSING_FILE, "No content of this SHA-256 is stored.");
            }
            if (problem != null || prediction == null || reference == null || mask == null) {
                rows.failWaiting(batch.id(), item.number(), problem == null ? unknown() : problem);
                failed.add(item.number());
            } else {
                made.put(
                        item.number(),
                        evaluations.submitKept(new Submission(
                                prediction,
                                reference,
                                mask,
                                List.of(),
                                item.description(),
                                batch.protocols(),
                                batch.request())));
            }
        }
        rows.scoring(batch.id(), made);
        rows.count(batch.id(), -made.size() - failed.size(), made.size(), 0, failed.size(), 0);
        rows.events(batch.id(), Batch.Event.Kind.ITEM_FAILED, failed);
        return made.size() + later;
    }

    private static Problem unknown() {
        return Problem.of(ServiceProblem.MISSING_FILE, "A file is not there.");
    }

    private static void digests(Collection<String> places, Set<String> digests) {
        places.stream()
                .filter(Sources::isStored)
                .forEach(place -> digests.add(place.substring(Sources.SHA256.length())));
    }

    /** Null if one is not there. */
    private static @Nullable List<Blob> blobs(List<String> places, Map<String, Blob> stored) {
        List<Blob> blobs = new ArrayList<>();
        for (String place : places) {
            Blob blob = Sources.isStored(place) ? stored.get(place.substring(Sources.SHA256.length())) : null;
            if (blob == null) {
                return null;
            }
            blobs.add(blob);
        }
        return blobs;
    }
}
