package org.segmeter.analytics.statistics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.distribution.TDistribution;
import org.jspecify.annotations.Nullable;

/**
 * Confidence intervals of a mean by the bias-corrected and accelerated bootstrap (BCa; Efron, JASA 82:171, 1987; Efron and Tibshirani,
 * An Introduction to the Bootstrap, 1993, section 14.3), cases drawn with replacement. There is none for the median, whose
 * bootstrap intervals fail for the skewed distributions of overlap scores.
 */
public final class Bootstrap {

    /** As many as an interval's end needs to be stable in the third digit of its standard error. */
    public static final int RESAMPLES = 10_000;

    /** The seed of everything that asks for none. */
    public static final long SEED = 20_240_229L;

    /** Below this number of cases an interval is Student's t, with a warning. */
    public static final int FEWEST = 20;

    /** Above this number of cases they are resampled by counts in {@link Strata}. */
    static final int DIRECTLY = 500;

    /** Draws that are worth more than one thread. */
    private static final long WORTH_DIVIDING = 200_000;

    private static final NormalDistribution NORMAL = NormalDistribution.of(0, 1);

    private Bootstrap() {}

    /**
     * The interval of a mean: BCa with {@link #RESAMPLES} resamples, Student's t below {@link #FEWEST} cases.
     *
     * @param values finite, at least two, in any order
     * @param level such as 0.95
     */
    public static Interval mean(double[] values, double level, long seed) {
        if (values.length < 2) {
            throw new IllegalArgumentException("an interval needs at least two values");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        if (sorted[0] == sorted[sorted.length - 1]) {
            return new Interval(sorted[0], sorted[0], level, Interval.Method.CONSTANT, 0, "all values are equal");
        }
        if (sorted.length < FEWEST) {
            return studentT(
                    sorted, level, "fewer than %d cases: Student's t in place of the bootstrap".formatted(FEWEST));
        }
        return bca(sorted, level, RESAMPLES, seed);
    }

    /** Mean and standard error with Student's t, n - 1 degrees of freedom. */
    public static Interval studentT(double[] values, double level, @Nullable String warning) {
        double mean = Moments.mean(values);
        double half = t(values.length - 1, (1 - level) / 2) * Moments.sd(values) / Math.sqrt(values.length);
        return new Interval(mean - half, mean + half, level, Interval.Method.STUDENT_T, 0, warning);
    }

    /** The value that Student's t exceeds with this probability. The library solves to 1e-9; two steps of Newton give the rest. */
    private static double t(int degrees, double tail) {
        TDistribution distribution = TDistribution.of(degrees);
        double t = distribution.inverseSurvivalProbability(tail);
        for (int step = 0; step < 2; step++) {
            t += (distribution.survivalProbability(t) - tail) / distribution.density(t);
        }
        return t;
    }

    /**
     * The BCa interval of a mean.
     *
     * @param sorted ascending, so that the result does not depend on the order in which values came; not all equal
     */
    public static Interval bca(double[] sorted, double level, int resamples, long seed) {
        double[] replicates = replicates(sorted, resamples, seed);
        double[] ends =
                bcaEnds(replicates, Moments.mean(sorted), acceleration(sorted), (1 - level) / 2, (1 + level) / 2);
        return new Interval(ends[0], ends[1], level, Interval.Method.BCA, resamples, null);
    }

    /**
     * The lower end of a one-sided BCa interval of a mean, or what {@link #mean} takes in its place.
     *
     * @param level such as 0.95
     */
    public static double lowerBound(double[] values, double level, long seed) {
        return mean(values, 2 * level - 1, seed).lower();
    }

    /** Means of resamples, ascending. @param values ascending */
    static double[] replicates(double[] values, int resamples, long seed) {
        double[] means = new double[resamples];
        int n = values.length;
        if (n > DIRECTLY && values[0] != values[n - 1]) {
            Strata strata = new Strata(values);
            work(resamples, (long) resamples * strata.size()).forEach(r -> means[r] = strata.resampledSum(seed, r) / n);
        } else {
            work(resamples, (long) resamples * n).forEach(r -> means[r] = Draws.resampledSum(values, seed, r) / n);
        }
        Arrays.sort(means);
        return means;
    }

    private static IntStream work(int resamples, long draws) {
        IntStream work = IntStream.range(0, resamples);
        return draws > WORTH_DIVIDING ? work.parallel() : work;
    }

    /** Acceleration of a mean from its jackknife values: sum of cubes over 6 times the 3/2th power of the sum of squares. */
    static double acceleration(double[] values) {
        double mean = Moments.mean(values);
        double squares = 0;
        double cubes = 0;
        // The jackknife value without v differs from their mean by (mean - v) / (n - 1).
        for (double v : values) {
            double d = (v - mean) / (values.length - 1);
            squares += d * d;
            cubes += d * d * d;
        }
        return squares == 0 ? 0 : cubes / (6 * Math.pow(squares, 1.5));
    }

    /**
     * Quantiles of the replicates at the bias-corrected and accelerated shares.
     *
     * @param replicates ascending
     * @param shares nominal tail shares, such as 0.025 and 0.975
     */
    static double[] bcaEnds(double[] replicates, double estimate, double acceleration, double... shares) {
        int below = 0;
        int upTo = 0;
        for (double replicate : replicates) {
            if (replicate < estimate) {
                below++;
            }
            if (replicate <= estimate) {
                upTo++;
            }
        }
        double share = (below + upTo) / (2.0 * replicates.length);
        double least = 0.5 / replicates.length;
        double bias = NORMAL.inverseCumulativeProbability(Math.clamp(share, least, 1 - least));
        double[] ends = new double[shares.length];
        for (int i = 0; i < shares.length; i++) {
            double z = bias + NORMAL.inverseCumulativeProbability(shares[i]);
            double corrected = NORMAL.cumulativeProbability(bias + z / (1 - acceleration * z));
            ends[i] = Quantiles.of(replicates, corrected);
        }
        return ends;
    }
}
