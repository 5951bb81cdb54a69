package org.segmeter.batch;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A batch as it stands.
 *
 * @param demo true if the service made it for people to look at
 * @param itemsPerSecond that ended, over the last minute of work or, of one that is over, all of it; 0 if none did
 */
public record Batch(
        UUID id,
        Instant createdAt,
        @Nullable Instant finishedAt,
        State state,
        boolean demo,
        List<String> protocols,
        Counts items,
        double itemsPerSecond) {

    /** How far it has come. */
    public enum State {
        /** Items are still being added. */
        OPEN,
        RUNNING,
        /** Every item has succeeded, failed or been cancelled. */
        DONE,
        CANCELLED;

        public boolean isFinal() {
            return this == DONE || this == CANCELLED;
        }
    }

    /** Items by their state. */
    public record Counts(int waiting, int scoring, int succeeded, int failed, int cancelled) {
        public int total() {
            return waiting + scoring + succeeded + failed + cancelled;
        }

        public int unfinished() {
            return waiting + scoring;
        }
    }

    /** Seconds until it is done at this speed; null if that cannot be said. */
    public @Nullable Double etaSeconds() {
        return state == State.RUNNING && itemsPerSecond > 0 ? items.unfinished() / itemsPerSecond : null;
    }

    /** A place in the list: what is older comes after it. */
    public record Position(Instant createdAt, UUID id) {}

    /**
     * @param batches newest first
     * @param next where the next page begins; null on the last one
     */
    public record Page(List<Batch> batches, @Nullable Position next) {}

    /**
     * Something that happened to it.
     *
     * @param sequence grows with time within a batch
     * @param item what it happened to; null for the whole batch
     */
    public record Event(
            long sequence, Instant at, Kind kind, @Nullable BatchItem item) {

        /** What can happen. */
        public enum Kind {
            ITEM_FAILED("item-failed"),
            DONE("done"),
            CANCELLED("cancelled"),
            RETRIED("retried");

            private final String word;

            Kind(String word) {
                this.word = word;
            }

            /** As in the stream of events. */
            public String word() {
                return word;
            }

            static Kind of(String word) {
                for (Kind kind : values()) {
                    if (kind.word.equals(word)) {
                        return kind;
                    }
                }
                throw new IllegalArgumentException(word);
            }
        }
    }
}
