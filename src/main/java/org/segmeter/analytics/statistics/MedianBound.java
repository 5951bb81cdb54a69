package org.segmeter.analytics.statistics;

import java.util.Arrays;
import org.apache.commons.statistics.distribution.BinomialDistribution;

/**
 * A one-sided interval of a median that needs no bootstrap and no assumption about the distribution: an order statistic by the sign
 * test (Conover, Practical Nonparametric Statistics, 1999, section 3.2).
 */
public final class MedianBound {

    private MedianBound() {}

    /**
     * The largest order statistic that the median is not below with at least this confidence.
     *
     * @param level such as 0.95
     * @return minus infinity if there are too few values, fewer than 5 for 95 %
     */
    public static double lower(double[] values, double level) {
        if (values.length == 0) {
            return Double.NEGATIVE_INFINITY;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        BinomialDistribution signs = BinomialDistribution.of(sorted.length, 0.5);
        int below = 0;
        while (below < sorted.length && signs.cumulativeProbability(below) <= 1 - level) {
            below++;
        }
        return below == 0 ? Double.NEGATIVE_INFINITY : sorted[below - 1];
    }
}
