package org.segmeter.evaluation;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How long things are kept after their evaluation ended. What is not set is kept until somebody removes it.
 *
 * @param inputs received files; 0 removes them as soon as the evaluation has ended, whatever its end. The scorecard stays
 * @param results the evaluation with its scorecard
 * @param audit the events that tell what happened to an evaluation
 */
@ConfigurationProperties("segmeter.retention")
public record RetentionSettings(
        @Nullable Duration inputs,
        @Nullable Duration results,
        @Nullable Duration audit) {
    public RetentionSettings {
        if (inputs != null && inputs.isNegative()) {
            throw new IllegalArgumentException(
                    "segmeter.retention.inputs is not negative; 0 removes them after scoring");
        }
        for (Duration kept : new @Nullable Duration[] {results, audit}) {
            if (kept != null && kept.compareTo(Duration.ofHours(1)) < 0) {
                throw new IllegalArgumentException("segmeter.retention.results and .audit are at least an hour");
            }
        }
        if (results != null && inputs != null && inputs.compareTo(results) > 0) {
            throw new IllegalArgumentException(
                    "segmeter.retention.inputs is not longer than segmeter.retention.results");
        }
    }

    /** True if inputs go as soon as they were scored. */
    boolean inputsGoAtOnce() {
        return inputs != null && inputs.isZero();
    }
}
