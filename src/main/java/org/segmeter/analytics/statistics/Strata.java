package org.segmeter.analytics.statistics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Values in strata, so that the sum of a resample costs the number of strata and the root of the number of values instead of one draw for
 * each value.
 *
 * <p>How often a resample of n draws meets each stratum is drawn exactly: independent Poisson counts are, given their sum N, those of N
 * draws (Feller, An Introduction to Probability Theory, vol. 1, 1968, chapter VI); their means are a little too small, so that N is
 * seldom above n, when they are drawn again, and the n - N draws that are missing are made one by one. Strata are found by splitting where
 * that takes most from the squares that are left inside: equal values, single far ones and clumps come to strata of their own, in which
 * there is nothing to draw. What draws inside of the other strata add to their means is the only thing that is not drawn one by one: it
 * has the normal distribution with the variance of as many draws as there were from each, and takes a share of {@link #inside} of the whole.
 */
final class Strata {

    /** Strata at most. */
    static final int MOST = 32;

    /** Of the sum of squares, inside of strata: what is not worth further splitting. */
    private static final double NOTHING = 1e-6;

    /** By how many standard deviations of the sum of all counts their mean is below the number of draws. */
    private static final double SHORT = 0.5;

    private final double[] values;
    private final double[] means;
    private final double[] variances;
    private final PoissonCounts[] counts;
    private final double inside;

    /** @param sorted ascending, not all equal; kept, not copied */
    Strata(double[] sorted) {
        values = sorted;
        Squares squares = new Squares(sorted);
        PriorityQueue<Part> open = new PriorityQueue<>(
                Comparator.comparingDouble((Part part) -> -part.gain).thenComparingInt(part -> part.from));
        Part all = squares.part(0, sorted.length);
        open.add(all);
        double left = all.squares;
        while (open.size() < MOST && left > NOTHING * all.squares && open.element().gain > 0) {
            Part part = open.remove();
            Part lower = squares.part(part.from, part.split);
            Part upper = squares.part(part.split, part.to);
            left += lower.squares + upper.squares - part.squares;
            open.add(lower);
            open.add(upper);
        }
        Part[] parts = open.toArray(Part[]::new);
        Arrays.sort(parts, Comparator.comparingInt(part -> part.from));
        means = new double[parts.length];
        variances = new double[parts.length];
        counts = new PoissonCounts[parts.length];
        double share = Math.max(0, 1 - SHORT / Math.sqrt(sorted.length));
        double within = 0;
        for (int i = 0; i < parts.length; i++) {
            Part part = parts[i];
            int size = part.to - part.from;
            double[] own = Arrays.copyOfRange(sorted, part.from, part.to);
            means[i] = own[0] == own[size - 1] ? own[0] : Moments.mean(own);
            variances[i] = own[0] == own[size - 1] ? 0 : Moments.squares(own) / size;
            within += variances[i] * size;
            counts[i] = new PoissonCounts(share * size);
        }
        inside = within / Moments.squares(sorted);
    }

    /** The share of the variance that is inside of strata, from 0 to 1. */
    double inside() {
        return inside;
    }

    int size() {
        return means.length;
    }

    /** The sum of as many values as there are, each drawn from all of them. */
    double resampledSum(long seed, int resample) {
        Draws draws = new Draws(seed, resample);
        int n = values.length;
        while (true) {
            long drawn = 0;
            double sum = 0;
            double variance = 0;
            for (int i = 0; i < means.length; i++) {
                int count = counts[i].draw(draws.next());
                drawn += count;
                sum += count * means[i];
                variance += count * variances[i];
            }
            if (drawn <= n) {
                sum += draws.sum(values, (int) (n - drawn));
                return variance == 0 ? sum : sum + Math.sqrt(variance) * draws.normal();
            }
        }
    }

    /** Values of a range of the sorted ones, and where they are best split in two. */
    private record Part(int from, int to, double squares, int split, double gain) {}

    /** Sums of squares of ranges of sorted values. */
    private static final class Squares {
        private final double[] sorted;
        private final double[] sums;
        private final double[] squares;

        Squares(double[] sorted) {
            this.sorted = sorted;
            sums = new double[sorted.length + 1];
            squares = new double[sorted.length + 1];
            double mean = Moments.mean(sorted);
            for (int i = 0; i < sorted.length; i++) {
                double d = sorted[i] - mean;
                sums[i + 1] = sums[i] + d;
                squares[i + 1] = squares[i] + d * d;
            }
        }

        Part part(int from, int to) {
            if (sorted[from] == sorted[to - 1]) {
                return new Part(from, to, 0, from, 0);
            }
            double sum = sums[to] - sums[from];
            double between = sum * sum / (to - from);
            double own = Math.max(0, squares[to] - squares[from] - between);
            double best = 0;
            int split = from;
            for (int i = from + 1; i < to; i++) {
                double lower = sums[i] - sums[from];
                double upper = sum - lower;
                double both = lower * lower / (i - from) + upper * upper / (to - i);
                if (both > best && sorted[i - 1] != sorted[i]) {
                    best = both;
                    split = i;
                }
            }
            return new Part(from, to, own, split, split == from ? 0 : Math.max(0, best - between));
        }
    }
}
