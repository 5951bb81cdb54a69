package org.segmeter.evaluation;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Reads stored files again, those that were not read for longest first, and holds them to their SHA-256. What is not what it was is put
 * aside, and the evaluations that name it say so; the same file sent again mends them.
 */
@Component
final class Scrub {

    private static final Logger log = LoggerFactory.getLogger(Scrub.class);

    /** Files taken by one replica at a time; what it takes must be read within the lease of an hour. */
    private static final int AT_ONCE = 4;

    /** Longest time at it in a row. */
    private static final Duration SHIFT = Duration.ofSeconds(50);

    private final StoredBlobs stored;
    private final BlobStore store;
    private final ScrubSettings settings;
    private final Map<StoredBlobs.Condition, Counter> results = new TreeMap<>();
    private volatile boolean closed;

    Scrub(StoredBlobs stored, BlobStore store, ScrubSettings settings, MeterRegistry registry) {
        this.stored = stored;
        this.store = store;
        this.settings = settings;
        for (StoredBlobs.Condition condition :
                List.of(StoredBlobs.Condition.STORED, StoredBlobs.Condition.CORRUPT, StoredBlobs.Condition.MISSING)) {
            results.put(
                    condition,
                    Counter.builder("segmeter.scrub.objects")
                            .description("Stored files that were read again, by what was found")
                            .tag(
                                    "result",
                                    condition == StoredBlobs.Condition.STORED
                                            ? "ok"
                                            : condition.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
    }

    @Scheduled(initialDelay = 120_000, fixedDelay = 60_000)
    void shift() {
        if (settings.every().isZero()) {
            return;
        }
        long end = System.nanoTime() + SHIFT.toNanos();
        try {
            while (!closed && System.nanoTime() < end && scrub(settings.every()) > 0) {
                // until nothing is due
            }
        } catch (IOException | DataAccessException | TransactionException e) {
            log.warn("stored files could not be read again: {}", e.getClass().getSimpleName());
        }
    }

    /** The service ends, and does not wait for files to be read. */
    @EventListener(ContextClosedEvent.class)
    void close() {
        closed = true;
    }

    /** Reads some of the files that were not read for {@code every}; says how many. */
    int scrub(Duration every) throws IOException {
        List<Blob> due = stored.dueForScrub(every.toMillis() / 1000.0, AT_ONCE);
        for (Blob blob : due) {
            if (closed) {
                break; // another replica, or the next start, reads them when their lease is over
            }
            StoredBlobs.Condition condition = look(store, blob);
            if (condition == StoredBlobs.Condition.STORED) {
                stored.verified(blob.sha256());
            } else if (stored.condemn(blob)) {
                log.error("a stored file is {}: sha256 {}", condition.name().toLowerCase(Locale.ROOT), blob.sha256());
            } else {
                continue; // sent again meanwhile
            }
            Counter counter = results.get(condition);
            if (counter != null) {
                counter.increment();
            }
        }
        return due.size();
    }

    /**
     * What the store has under a name.
     *
     * @throws IOException if the store does not answer: then nothing is known
     */
    static StoredBlobs.Condition look(BlobStore store, Blob blob) throws IOException {
        try (InputStream content = store.read(blob.sha256())) {
            return Blob.digest(content).equals(blob.sha256())
                    ? StoredBlobs.Condition.STORED
                    : StoredBlobs.Condition.CORRUPT;
        } catch (BlobStore.Lost e) {
            return StoredBlobs.Condition.MISSING;
        }
    }
}
