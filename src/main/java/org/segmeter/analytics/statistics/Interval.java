package org.segmeter.analytics.statistics;

import org.jspecify.annotations.Nullable;

/**
 * A confidence interval.
 *
 * @param level coverage aimed at, such as 0.95
 * @param method how it was made
 * @param resamples of a bootstrap; 0 if none was made
 * @param warning why it should be read with care; null if there is no reason
 */
public record Interval(
        double lower,
        double upper,
        double level,
        Method method,
        int resamples,
        @Nullable String warning) {

    /** How an interval was made. */
    public enum Method {
        /** Bias-corrected and accelerated bootstrap (Efron, JASA 82:171, 1987). */
        BCA,
        /** Mean and standard error with Student's t. */
        STUDENT_T,
        /** All values are equal: nothing is uncertain as far as they tell. */
        CONSTANT
    }
}
