package org.segmeter.analytics;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One value of one evaluation with what it belongs to.
 *
 * @param at when the evaluation was submitted
 * @param structure as {@link Dimension#STRUCTURE}
 * @param segment number in the reference; null for all foreground and where there is none
 * @param parameters JSON
 * @param value null if the state gives none
 * @param state as in the scorecard
 * @param index of the segment in the scorecard, -1 for all foreground
 */
public record ResultRow(
        UUID evaluation,
        Instant at,
        @Nullable String caseId,
        @Nullable String model,
        @Nullable String version,
        @Nullable String site,
        @Nullable String scanner,
        @Nullable String reader,
        @Nullable String structure,
        @Nullable Integer segment,
        String metric,
        String parameters,
        @Nullable Double value,
        String unit,
        String state,
        @Nullable String protocol,
        int index) {}
