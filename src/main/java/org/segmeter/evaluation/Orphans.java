package org.segmeter.evaluation;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/**
 * Collects content that no evaluation names: of removed evaluations, and of submissions whose service died between storing the files and
 * committing the evaluation. It goes a day after it was last sent, by the database's clock; a file that the database never heard of is
 * written down first, and so goes a day after it was found.
 */
@Component
final class Orphans {

    private static final Logger log = LoggerFactory.getLogger(Orphans.class);
    private static final Duration GRACE = Duration.ofHours(24);
    private static final int AT_ONCE = 500;

    private final StoredBlobs stored;
    private final BlobStore store;
    private final Chores chores;

    Orphans(StoredBlobs stored, BlobStore store, Chores chores) {
        this.stored = stored;
        this.store = store;
        this.chores = chores;
    }

    @Scheduled(initialDelay = 600_000, fixedDelay = 600_000)
    void collect() {
        try {
            chores.run("collect", Duration.ofHours(1), () -> {
                int removed = collect(GRACE);
                if (removed > 0) {
                    log.info("{} files that nothing refers to were removed", removed);
                }
            });
            // Listing a bucket of a million files takes a thousand requests.
            chores.run("list", Duration.ofHours(24), () -> {
                int found = adoptUnknown();
                if (found > 0) {
                    log.warn("{} stored files were not known to the database; they go in a day", found);
                }
            });
        } catch (IOException | DataAccessException | TransactionException e) {
            log.warn("unused files could not be removed: {}", e.getClass().getSimpleName());
        }
    }

    /** Removes what nothing named for longer than {@code grace}; says how many files. */
    int collect(Duration grace) throws IOException {
        double seconds = grace.toMillis() / 1000.0;
        int removed = 0;
        while (true) {
            List<String> unused = stored.unused(seconds, AT_ONCE);
            int now = 0;
            for (String sha256 : unused) {
                now += stored.removeUnused(sha256, seconds) ? 1 : 0;
            }
            removed += now;
            if (unused.size() < AT_ONCE || now == 0) {
                return removed;
            }
        }
    }

    /** Writes down the files that the database does not know; says how many. */
    int adoptUnknown() throws IOException {
        int found = 0;
        try (Stream<Blob> all = store.list()) {
            List<Blob> some = new ArrayList<>();
            for (Iterator<Blob> each = all.iterator(); each.hasNext(); ) {
                some.add(each.next());
                if (some.size() == AT_ONCE || !each.hasNext()) {
                    found += stored.adopt(some);
                    some.clear();
                }
            }
        }
        return found;
    }
}
