package org.segmeter.analytics.statistics;

/** Sums, means and standard deviations that do not depend on the size of the numbers. */
public final class Moments {

    private Moments() {}

    /** The sum, compensated (Neumaier, ZAMM 54:39, 1974). */
    public static double sum(double[] values) {
        double sum = 0;
        double lost = 0;
        for (double value : values) {
            double next = sum + value;
            lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
            sum = next;
        }
        return sum + lost;
    }

    /** The arithmetic mean; NaN without values. */
    public static double mean(double[] values) {
        return sum(values) / values.length;
    }

    /** The standard deviation of a sample, with n - 1; NaN for fewer than two values. */
    public static double sd(double[] values) {
        return Math.sqrt(squares(values) / (values.length - 1));
    }

    /** Sum of squared differences from the mean, in two passes and corrected (Chan et al., Am. Stat. 37:242, 1983). */
    static double squares(double[] values) {
        double mean = mean(values);
        double squares = 0;
        double rest = 0;
        for (double value : values) {
            double d = value - mean;
            squares += d * d;
            rest += d;
        }
        return Math.max(0, squares - rest * rest / values.length);
    }
}
