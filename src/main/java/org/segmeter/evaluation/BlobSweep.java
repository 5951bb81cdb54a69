package org.segmeter.evaluation;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Removes content that no evaluation refers to: of removed evaluations, and of uploads whose service died between storing the
 * file and committing the evaluation. The grace of a day is far longer than any upload takes from one to the other.
 */
@Component
final class BlobSweep {

    private static final Logger log = LoggerFactory.getLogger(BlobSweep.class);
    private static final Duration GRACE = Duration.ofHours(24);

    private final BlobStore blobs;
    private final EvaluationRows rows;

    BlobSweep(BlobStore blobs, EvaluationRows rows) {
        this.blobs = blobs;
        this.rows = rows;
    }

    @Scheduled(initialDelay = 600_000, fixedDelay = 3_600_000)
    void sweep() {
        try {
            int removed = sweep(GRACE);
            if (removed > 0) {
                log.info("{} files that nothing refers to were removed", removed);
            }
        } catch (IOException | DataAccessException e) {
            log.warn("unused files could not be removed: {}", e.getClass().getSimpleName());
        }
    }

    /** Removes what nothing referred to for longer than {@code grace}; says how many files. */
    int sweep(Duration grace) throws IOException {
        Instant before = Instant.now().minus(grace);
        int removed = 0;
        for (String sha256 : rows.forgetUnusedBlobs(grace.toMillis() / 1000.0)) {
            removed += blobs.remove(sha256, before) ? 1 : 0;
        }
        List<String> old;
        try (Stream<String> names = blobs.olderThan(before)) {
            old = names.toList();
        }
        for (String sha256 : old) {
            if (!rows.knowsBlob(sha256)) {
                removed += blobs.remove(sha256, before) ? 1 : 0;
            }
        }
        return removed;
    }
}
