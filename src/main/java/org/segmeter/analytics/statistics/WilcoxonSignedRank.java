package org.segmeter.analytics.statistics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.NormalDistribution;

/**
 * The signed-rank test of paired differences (Wilcoxon, Biometrics Bull. 1:80, 1945). Zeros are ranked and then left out (Pratt, JASA
 * 54:655, 1959); ties have their middle rank.
 *
 * <p>Up to {@link #MOST_EXACT} differences the probability is exact: the distribution of the rank sum over all assignments of signs to
 * the ranks that occurred, ties and gaps of zeros included. Above, it is normal with the variance corrected for ties and zeros and
 * with a continuity correction of one half. Both need no table and agree with {@code scipy.stats.wilcoxon} wherever it has the same.
 *
 * @param n differences that are not zero
 * @param zeros differences that are
 * @param positive sum of the ranks of positive differences, R+
 * @param negative sum of the ranks of negative differences, R-
 * @param p 1 if no difference is different from zero
 * @param exact whether it is exact
 */
public record WilcoxonSignedRank(int n, int zeros, double positive, double negative, double p, boolean exact) {

    /** Differences up to which the probability is exact. */
    public static final int MOST_EXACT = 50;

    /** How a probability is found. */
    enum Way {
        EXACT,
        NORMAL
    }

    private static final NormalDistribution NORMAL = NormalDistribution.of(0, 1);

    /** @param differences finite */
    public static WilcoxonSignedRank of(double[] differences, Alternative alternative) {
        return of(differences, alternative, differences.length <= MOST_EXACT ? Way.EXACT : Way.NORMAL, true);
    }

    static WilcoxonSignedRank of(double[] differences, Alternative alternative, Way way, boolean continuity) {
        int all = differences.length;
        double[] ranks = ranksOfSizes(differences);
        int zeros = 0;
        double positive = 0;
        double negative = 0;
        for (int i = 0; i < all; i++) {
            if (differences[i] > 0) {
                positive += ranks[i];
            } else if (differences[i] < 0) {
                negative += ranks[i];
            } else {
                zeros++;
            }
        }
        if (zeros == all) {
            return new WilcoxonSignedRank(0, zeros, 0, 0, 1, true);
        }
        double[] used = IntStream.range(0, all)
                .filter(i -> differences[i] != 0)
                .mapToDouble(i -> ranks[i])
                .sorted()
                .toArray();
        double p = way == Way.EXACT
                ? exact(used, positive, alternative)
                : normal(used, all, zeros, positive, negative, alternative, continuity);
        return new WilcoxonSignedRank(all - zeros, zeros, positive, negative, p, way == Way.EXACT);
    }

    /**
     * The matched-pairs rank-biserial correlation (R+ - R-) / (R+ + R-), from -1 to 1 (Kerby, Compr. Psychol. 3:1, 2014); 0 if no
     * difference is different from zero.
     */
    public double rankBiserial() {
        return n == 0 ? 0 : (positive - negative) / (positive + negative);
    }

    /** Ranks of the absolute values, from 1, zeros included; ties have their middle rank. */
    static double[] ranksOfSizes(double[] differences) {
        Integer[] order = IntStream.range(0, differences.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(i -> Math.abs(differences[i])));
        double[] ranks = new double[differences.length];
        for (int from = 0; from < order.length; ) {
            int to = from + 1;
            while (to < order.length && Math.abs(differences[order[to]]) == Math.abs(differences[order[from]])) {
                to++;
            }
            for (int i = from; i < to; i++) {
                ranks[order[i]] = (from + 1 + to) / 2.0;
            }
            from = to;
        }
        return ranks;
    }

    /** Sums of subsets of the ranks, each rank in or out with probability one half. */
    private static double exact(double[] ranks, double positive, Alternative alternative) {
        // Twice the ranks, which are whole.
        int[] twice =
                Arrays.stream(ranks).mapToInt(r -> (int) Math.round(2 * r)).toArray();
        int total = Arrays.stream(twice).sum();
        double[] share = new double[total + 1];
        share[0] = 1;
        int reached = 0;
        for (int rank : twice) {
            for (int sum = reached; sum >= 0; sum--) {
                double half = share[sum] / 2;
                share[sum] = half;
                share[sum + rank] += half;
            }
            reached += rank;
        }
        int observed = (int) Math.round(2 * positive);
        double less = 0;
        for (int sum = 0; sum <= observed; sum++) {
            less += share[sum];
        }
        double greater = 0;
        for (int sum = total; sum >= observed; sum--) {
            greater += share[sum];
        }
        return Math.min(
                1,
                switch (alternative) {
                    case TWO_SIDED -> 2 * Math.min(less, greater);
                    case GREATER -> greater;
                    case LESS -> less;
                });
    }

    private static double normal(
            double[] ranks,
            int all,
            int zeros,
            double positive,
            double negative,
            Alternative alternative,
            boolean continuity) {
        double mean = (triangle(all) - triangle(zeros)) / 2;
        double squares = pyramid(all) - pyramid(zeros);
        for (int from = 0; from < ranks.length; ) {
            int to = from + 1;
            while (to < ranks.length && ranks[to] == ranks[from]) {
                to++;
            }
            double tied = to - from;
            squares -= 0.5 * tied * (tied * tied - 1);
            from = to;
        }
        double sd = Math.sqrt(squares / 24);
        if (sd == 0) {
            return 1;
        }
        double observed = alternative == Alternative.TWO_SIDED ? Math.min(positive, negative) : positive;
        double correction = !continuity
                ? 0
                : switch (alternative) {
                    case TWO_SIDED -> 0.5 * Math.signum(observed - mean);
                    case GREATER -> 0.5;
                    case LESS -> -0.5;
                };
        double z = (observed - mean - correction) / sd;
        return switch (alternative) {
            case TWO_SIDED -> Math.min(1, 2 * NORMAL.survivalProbability(Math.abs(z)));
            case GREATER -> NORMAL.survivalProbability(z);
            case LESS -> NORMAL.cumulativeProbability(z);
        };
    }

    private static double triangle(double n) {
        return n * (n + 1) / 2;
    }

    private static double pyramid(double n) {
        return n * (n + 1) * (2 * n + 1);
    }
}
