package org.segmeter.analytics.statistics;

import java.util.Arrays;

/**
 * Whether a model agrees with readers as they agree with each other.
 *
 * @param least smallest agreement of two readers
 * @param readerMean mean agreement of two readers
 * @param most largest agreement of two readers
 * @param modelMean mean agreement of the model with each reader
 * @param modelLeast its smallest
 * @param inside whether the model's mean is not below the smallest agreement of two readers
 */
public record ReaderRange(
        double least, double readerMean, double most, double modelMean, double modelLeast, boolean inside) {

    /**
     * @param readers agreement of each pair of readers, higher is better; at least one
     * @param model agreement of the model with each reader
     */
    public static ReaderRange of(double[] readers, double[] model) {
        double least = Arrays.stream(readers).min().orElseThrow();
        double mean = Moments.mean(model);
        return new ReaderRange(
                least,
                Moments.mean(readers),
                Arrays.stream(readers).max().orElseThrow(),
                mean,
                Arrays.stream(model).min().orElseThrow(),
                mean >= least);
    }
}
