package org.segmeter.analytics.statistics;

import java.util.Arrays;

/**
 * What a set of values says.
 *
 * @param n how many
 * @param mean NaN if there is none
 * @param sd with n - 1; NaN for fewer than two
 * @param sorted all of them, ascending; not to be changed
 */
public record Summary(int n, double mean, double sd, double[] sorted) {

    /** @param values finite */
    public static Summary of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return new Summary(sorted.length, Moments.mean(sorted), Moments.sd(sorted), sorted);
    }

    /** Type 7; NaN without values. */
    public double quantile(double p) {
        return n == 0 ? Double.NaN : Quantiles.of(sorted, p);
    }

    /** NaN without values. */
    public double median() {
        return quantile(0.5);
    }
}
