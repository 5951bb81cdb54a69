package org.segmeter.analytics.statistics;

import org.apache.commons.statistics.distribution.NormalDistribution;

/** How many cases a statement needs, and which statement a number of cases allows; by the normal distribution. */
public final class SampleSize {

    private static final NormalDistribution NORMAL = NormalDistribution.of(0, 1);

    private SampleSize() {}

    /**
     * The smallest true difference of two means that a two-sided paired test finds with this power:
     * (z(1 - alpha / 2) + z(power)) sd / sqrt(n) (Cohen, Statistical Power Analysis, 1988; for 5 % and 80 %: 2.80 sd / sqrt(n)).
     *
     * @param sd standard deviation of the paired differences
     */
    public static double minimumDetectableDifference(double sd, int n, double alpha, double power) {
        return (NORMAL.inverseSurvivalProbability(alpha / 2) + NORMAL.inverseCumulativeProbability(power))
                * sd
                / Math.sqrt(n);
    }

    /**
     * The fewest cases for which the interval of a mean is at most so wide: (2 z sd / width)^2, rounded up.
     *
     * @param level such as 0.95
     */
    public static long forIntervalWidth(double sd, double width, double level) {
        double root = 2 * NORMAL.inverseSurvivalProbability((1 - level) / 2) * sd / width;
        return (long) Math.ceil(root * root);
    }
}
