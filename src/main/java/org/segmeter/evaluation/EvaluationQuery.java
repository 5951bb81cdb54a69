package org.segmeter.evaluation;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which evaluations to list, newest first; a null says that it does not matter.
 *
 * @param from created at this time or later
 * @param to created before this time
 * @param after the last one of the page before
 * @param limit most to return
 */
public record EvaluationQuery(
        @Nullable String model,
        @Nullable String version,
        @Nullable String caseId,
        @Nullable State state,
        @Nullable Instant from,
        @Nullable Instant to,
        @Nullable Position after,
        int limit) {

    /** A place in the list: what is older comes after it. */
    public record Position(Instant createdAt, UUID id) {}

    /**
     * @param evaluations newest first
     * @param next where the next page begins; null on the last one
     */
    public record Page(
            List<Evaluation> evaluations, @Nullable Position next) {}
}
