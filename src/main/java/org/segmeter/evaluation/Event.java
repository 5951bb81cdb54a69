package org.segmeter.evaluation;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to an evaluation.
 *
 * @param sequence grows with time within an evaluation
 * @param stage of a running evaluation; null for a change of state alone
 */
public record Event(
        long sequence, Instant at, State state, @Nullable String stage) {}
