package org.segmeter.batch;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;

/**
 * One pair of a batch.
 *
 * @param number from 1, in the order of the manifest or of the names
 * @param prediction where its files are
 * @param reference where its files are
 * @param mask where the files of its mask are; empty if all voxels are scored
 * @param evaluation what scores it; null as long as it waits, or if it never came so far
 * @param problem why it failed, as the JSON of a problem document; null unless it failed
 */
public record BatchItem(
        int number,
        State state,
        Description description,
        List<String> prediction,
        List<String> reference,
        List<String> mask,
        @Nullable UUID evaluation,
        @Nullable String problem,
        @Nullable Instant finishedAt) {

    /** How far it has come. */
    public enum State {
        /** Until the queue has room for it. */
        WAITING,
        /** Its evaluation is queued or running. */
        SCORING,
        SUCCEEDED,
        FAILED,
        CANCELLED
    }

    /**
     * @param items by their number
     * @param next number of the last one, if there are more; null on the last page
     */
    public record Page(List<BatchItem> items, @Nullable Integer next) {}
}
