package org.segmeter.pacs;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A prediction and the reference that belongs to it.
 *
 * @param tenant whose it is
 * @param reason why it is in its state, a sentence
 * @param predictionSop SOP Instance UID; null while it is not known. Likewise the reference
 * @param candidates SOP Instance UIDs between which a person must choose; of an ambiguous pair
 * @param keys identities of the segments that both sides have
 * @param supersededBy SOP Instance UID of the later correction; null if there is none
 * @param evaluation null before it is matched, or if nothing was scored
 * @param reportSop SOP Instance UID of the report; null before it is scored
 */
public record Pair(
        UUID id,
        String tenant,
        String studyUid,
        PairState state,
        String reason,
        @Nullable String predictionSop,
        @Nullable String referenceSop,
        List<String> candidates,
        List<String> keys,
        @Nullable String supersededBy,
        @Nullable UUID evaluation,
        @Nullable String reportSop,
        Instant createdAt,
        Instant changedAt) {

    /** A change of state; the first has no state before it. */
    public record Transition(Instant at, @Nullable PairState from, PairState to, String reason) {}
}
