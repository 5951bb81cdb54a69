package org.segmeter.analytics.statistics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A chart of individual values in the order in which they came (Shewhart, 1931; Montgomery, Introduction to Statistical Quality
 * Control, chapter 6.4): centre and spread from a baseline, limits at two and three sigma, and the rules of {@link NelsonRule}.
 *
 * @param centre mean of the baseline
 * @param sigma by {@link #sigmaMethod}; 0 if the baseline does not vary
 * @param baselineFrom first value of the baseline
 * @param baselineTo after its last value
 * @param violations in the order of the values
 */
public record ControlChart(
        double centre, double sigma, Sigma sigmaMethod, int baselineFrom, int baselineTo, List<Violation> violations) {

    /** The fewest values of a baseline that make a chart. */
    public static final int FEWEST_BASELINE = 8;

    /** 2 / sqrt(pi), the expected range of two values of a normal distribution of standard deviation 1. */
    static final double D2 = 2 / Math.sqrt(Math.PI);

    /** How the spread of the baseline is found. */
    public enum Sigma {
        /** Mean difference of neighbours over 1.128 (d2 of two values): a slow drift in the baseline does not widen the limits. */
        MOVING_RANGE,
        /** Standard deviation with n - 1. */
        STANDARD_DEVIATION
    }

    /**
     * A rule that was broken, told once, at the value that completed the pattern.
     *
     * @param index of that value
     * @param rule which
     */
    public record Violation(int index, NelsonRule rule) {}

    public ControlChart {
        violations = List.copyOf(violations);
    }

    /**
     * @param values in the order in which they came
     * @param baselineFrom first value of the baseline
     * @param baselineTo after its last value, at least {@link #FEWEST_BASELINE} later
     * @param rules that are applied
     */
    public static ControlChart of(
            double[] values, int baselineFrom, int baselineTo, Sigma method, Set<NelsonRule> rules) {
        if (baselineFrom < 0 || baselineTo > values.length || baselineTo - baselineFrom < FEWEST_BASELINE) {
            throw new IllegalArgumentException("a baseline needs at least " + FEWEST_BASELINE + " of the values");
        }
        double[] baseline = Arrays.copyOfRange(values, baselineFrom, baselineTo);
        double centre = Moments.mean(baseline);
        double sigma = switch (method) {
            case MOVING_RANGE -> movingRange(baseline) / D2;
            case STANDARD_DEVIATION -> Moments.sd(baseline);
        };
        // Equal values have a mean that differs from them by rounding; that is no spread.
        if (sigma <= Math.ulp(centre) * baseline.length) {
            sigma = 0;
        }
        return new ControlChart(
                centre, sigma, method, baselineFrom, baselineTo, violations(values, centre, sigma, rules));
    }

    /** Mean absolute difference of neighbours. */
    static double movingRange(double[] values) {
        double[] ranges = new double[values.length - 1];
        for (int i = 1; i < values.length; i++) {
            ranges[i - 1] = Math.abs(values[i] - values[i - 1]);
        }
        return Moments.mean(ranges);
    }

    /** At so many sigma above (or, negative, below) the centre. */
    public double limit(double sigmas) {
        return centre + sigmas * sigma;
    }

    private static List<Violation> violations(double[] values, double centre, double sigma, Set<NelsonRule> rules) {
        double[] z = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double d = values[i] - centre;
            // Without spread only a value that differs at all says something.
            z[i] = sigma > 0 ? d / sigma : Math.abs(d) <= Math.ulp(centre) * values.length ? 0 : d * 1e9;
        }
        List<Violation> found = new ArrayList<>();
        Set<NelsonRule> before = EnumSet.noneOf(NelsonRule.class);
        for (int i = 0; i < z.length; i++) {
            for (NelsonRule rule : rules) {
                if (!rule.holdsAt(z, i)) {
                    before.remove(rule);
                } else if (before.add(rule) || rule == NelsonRule.BEYOND_3_SIGMA) {
                    // A pattern that goes on is the same event; each value beyond the limits is one of its own.
                    found.add(new Violation(i, rule));
                }
            }
        }
        return found;
    }
}
