package org.segmeter.analytics.statistics;

import org.apache.commons.statistics.distribution.TDistribution;
import org.jspecify.annotations.Nullable;

/**
 * Two methods on the same cases; differences are a - b.
 *
 * @param n cases that both have
 * @param meanDifference of a - b
 * @param medianDifference of a - b
 * @param sdDifference with n - 1; NaN for one case
 * @param interval of the mean difference; null for fewer than two cases
 * @param test Wilcoxon's
 * @param minimumDetectable at 5 %, two-sided, and a power of 80 %; NaN for one case
 */
public record PairedComparison(
        int n,
        double meanDifference,
        double medianDifference,
        double sdDifference,
        @Nullable Interval interval,
        WilcoxonSignedRank test,
        double minimumDetectable) {

    private static final double ALPHA = 0.05;
    private static final double POWER = 0.8;

    /** @param a and b: the values of the same cases in the same order, at least one */
    public static PairedComparison of(double[] a, double[] b, Alternative alternative, long seed) {
        double[] differences = differences(a, b);
        Summary summary = Summary.of(differences);
        return new PairedComparison(
                summary.n(),
                summary.mean(),
                summary.median(),
                summary.sd(),
                summary.n() < 2 ? null : Bootstrap.mean(differences, 1 - ALPHA, seed),
                WilcoxonSignedRank.of(differences, alternative),
                SampleSize.minimumDetectableDifference(summary.sd(), summary.n(), ALPHA, POWER));
    }

    static double[] differences(double[] a, double[] b) {
        if (a.length != b.length || a.length == 0) {
            throw new IllegalArgumentException("pairs need as many values on both sides, and at least one");
        }
        double[] differences = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            differences[i] = a[i] - b[i];
        }
        return differences;
    }

    /**
     * Whether the first method is at most a margin worse than the second: the lower end of a one-sided interval of the mean gain
     * is above -margin (ICH E9, section 3.3.2).
     *
     * @param margin that would not matter, above zero, in the metric's unit
     * @param lowerBound of the mean gain, one-sided, at the level
     * @param p of Student's paired test of "the mean gain is at most -margin"; NaN for fewer than two cases or no spread
     * @param nonInferior whether the bound is above -margin
     */
    public record NonInferiority(double margin, double level, double lowerBound, double p, boolean nonInferior) {

        /** @param gains of the first over the second, positive where the first is better; at least two */
        public static NonInferiority of(double[] gains, double margin, double level, long seed) {
            double bound = Bootstrap.lowerBound(gains, level, seed);
            double error = Moments.sd(gains) / Math.sqrt(gains.length);
            double p = error > 0
                    ? TDistribution.of(gains.length - 1).survivalProbability((Moments.mean(gains) + margin) / error)
                    : Double.NaN;
            return new NonInferiority(margin, level, bound, p, bound > -margin);
        }
    }
}
