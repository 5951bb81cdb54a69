package org.segmeter.analytics.statistics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Rankings of methods by their values on the same cases, as challengeR has them (Wiesenfarth et al., Scientific Reports 11:2369, 2021;
 * Maier-Hein et al., Nature Communications 9:5217, 2018). Rank 1 is the best; ties all have the smallest of their ranks.
 *
 * <p>Values are {@code [method][case]}; a value that is missing is NaN and counts as the worst.
 */
public final class Ranking {

    private static final double ALPHA = 0.05;

    private Ranking() {}

    /** In which order values become one ranking. */
    public enum Scheme {
        /** The mean over cases is ranked. */
        AGGREGATE_MEAN_THEN_RANK,
        /** The median over cases is ranked. */
        AGGREGATE_MEDIAN_THEN_RANK,
        /** Methods are ranked on each case, and the means of the ranks are ranked. */
        RANK_THEN_AGGREGATE,
        /** The number of methods that a method is significantly better than is ranked: one-sided Wilcoxon tests, Holm over all. */
        TEST_THEN_RANK
    }

    /**
     * A ranking.
     *
     * @param scores by method: what was ranked in the end
     * @param ranks by method
     */
    public record Result(double[] scores, int[] ranks) {}

    /**
     * Where ranks lie when other cases of the same kind had been drawn.
     *
     * @param lower by method: the 2.5 % quantile of the ranks of resamples
     * @param upper by method: the 97.5 % quantile
     */
    public record Spread(int[] lower, int[] upper) {}

    /**
     * @param values of methods and cases
     * @param higher whether larger values are better
     * @param worst what a missing value counts
     */
    public static Result rank(double[][] values, boolean higher, double worst, Scheme scheme) {
        return ranked(prepared(values, higher, worst), higher, scheme);
    }

    /** Values so that larger ones are better, without gaps. */
    private static double[][] prepared(double[][] values, boolean higher, double worst) {
        double[][] prepared = new double[values.length][];
        for (int m = 0; m < values.length; m++) {
            prepared[m] = Arrays.stream(values[m])
                    .map(v -> Double.isNaN(v) ? worst : v)
                    .map(v -> higher ? v : -v)
                    .toArray();
        }
        return prepared;
    }

    private static Result ranked(double[][] better, boolean higher, Scheme scheme) {
        return switch (scheme) {
            case AGGREGATE_MEAN_THEN_RANK -> {
                double[] means =
                        Arrays.stream(better).mapToDouble(Moments::mean).toArray();
                yield new Result(signed(means, higher), ranksDescending(means));
            }
            case AGGREGATE_MEDIAN_THEN_RANK -> {
                double[] medians = Arrays.stream(better)
                        .mapToDouble(v -> Summary.of(v).median())
                        .toArray();
                yield new Result(signed(medians, higher), ranksDescending(medians));
            }
            case RANK_THEN_AGGREGATE -> {
                double[] sums = new double[better.length];
                int cases = better[0].length;
                double[] column = new double[better.length];
                for (int c = 0; c < cases; c++) {
                    for (int m = 0; m < better.length; m++) {
                        column[m] = better[m][c];
                    }
                    int[] ranks = ranksDescending(column);
                    for (int m = 0; m < better.length; m++) {
                        sums[m] += ranks[m];
                    }
                }
                double[] means = Arrays.stream(sums).map(s -> s / cases).toArray();
                yield new Result(
                        means, ranksDescending(Arrays.stream(means).map(v -> -v).toArray()));
            }
            case TEST_THEN_RANK -> {
                boolean[][] wins = significantlyBetter(better, ALPHA);
                double[] won = new double[better.length];
                for (int a = 0; a < better.length; a++) {
                    for (int b = 0; b < better.length; b++) {
                        won[a] += wins[a][b] ? 1 : 0;
                    }
                }
                yield new Result(won, ranksDescending(won));
            }
        };
    }

    private static double[] signed(double[] values, boolean higher) {
        return higher ? values : Arrays.stream(values).map(v -> -v).toArray();
    }

    /** One-sided Wilcoxon tests of each method against each other, Holm over all of them: [a][b] is true if a is better than b. */
    static boolean[][] significantlyBetter(double[][] better, double alpha) {
        int n = better.length;
        double[] p = new double[n * n];
        int at = 0;
        for (int a = 0; a < n; a++) {
            for (int b = 0; b < n; b++) {
                if (a != b) {
                    p[at++] = WilcoxonSignedRank.of(
                                    PairedComparison.differences(better[a], better[b]), Alternative.GREATER)
                            .p();
                }
            }
        }
        double[] adjusted = Adjustment.holm(Arrays.copyOf(p, at));
        boolean[][] wins = new boolean[n][n];
        at = 0;
        for (int a = 0; a < n; a++) {
            for (int b = 0; b < n; b++) {
                if (a != b) {
                    wins[a][b] = adjusted[at++] < alpha;
                }
            }
        }
        return wins;
    }

    /** Ranks from 1 for the largest; ties have the smallest of their ranks. */
    static int[] ranksDescending(double[] values) {
        int[] ranks = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            int better = 0;
            for (double other : values) {
                if (other > values[i]) {
                    better++;
                }
            }
            ranks[i] = better + 1;
        }
        return ranks;
    }

    /**
     * Ranks over resamples of the cases.
     *
     * @param resamples such as 1,000
     */
    public static Spread spread(
            double[][] values, boolean higher, double worst, Scheme scheme, int resamples, long seed) {
        double[][] better = prepared(values, higher, worst);
        int methods = better.length;
        int cases = better[0].length;
        int[][] ranks = new int[resamples][];
        IntStream.range(0, resamples).parallel().forEach(r -> {
            Draws draws = new Draws(seed, r);
            double[][] drawn = new double[methods][cases];
            for (int c = 0; c < cases; c++) {
                int from = draws.below(cases);
                for (int m = 0; m < methods; m++) {
                    drawn[m][c] = better[m][from];
                }
            }
            ranks[r] = ranked(drawn, higher, scheme).ranks();
        });
        int[] lower = new int[methods];
        int[] upper = new int[methods];
        for (int m = 0; m < methods; m++) {
            int method = m;
            int[] sorted =
                    Arrays.stream(ranks).mapToInt(r -> r[method]).sorted().toArray();
            // Ranks are whole: the smallest that a share of the resamples does not exceed (type 1).
            lower[m] = sorted[Math.max(0, (int) Math.ceil(0.025 * resamples) - 1)];
            upper[m] = sorted[(int) Math.ceil(0.975 * resamples) - 1];
        }
        return new Spread(lower, upper);
    }

    /**
     * Methods that the cases cannot tell apart: the longest runs of the ranking by mean in which no method is significantly better than
     * another (one-sided Wilcoxon tests in both directions, Holm over all). Groups may overlap.
     */
    public static List<List<Integer>> inseparable(double[][] values, boolean higher, double worst) {
        double[][] better = prepared(values, higher, worst);
        boolean[][] wins = significantlyBetter(better, ALPHA);
        Integer[] order = IntStream.range(0, better.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(m -> -Moments.mean(better[m])));
        List<List<Integer>> groups = new ArrayList<>();
        int reached = 0;
        for (int from = 0; from < order.length; from++) {
            int to = from + 1;
            while (to < order.length && isAlike(wins, order, from, to)) {
                to++;
            }
            if (to > reached) {
                groups.add(List.of(Arrays.copyOfRange(order, from, to)));
                reached = to;
            }
        }
        return groups;
    }

    private static boolean isAlike(boolean[][] wins, Integer[] order, int from, int next) {
        for (int i = from; i < next; i++) {
            if (wins[order[i]][order[next]] || wins[order[next]][order[i]]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Kendall's tau-b of two rankings (Kendall, Biometrika 33:239, 1945); NaN if one of them ranks all alike.
     */
    public static double tauB(double[] a, double[] b) {
        long concordant = 0;
        long discordant = 0;
        long tiedA = 0;
        long tiedB = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = i + 1; j < a.length; j++) {
                double x = Math.signum(a[i] - a[j]);
                double y = Math.signum(b[i] - b[j]);
                if (x == 0 && y == 0) {
                    continue;
                }
                if (x == 0) {
                    tiedA++;
                } else if (y == 0) {
                    tiedB++;
                } else if (x == y) {
                    concordant++;
                } else {
                    discordant++;
                }
            }
        }
        double ofA = concordant + discordant + tiedB;
        double ofB = concordant + discordant + tiedA;
        return (concordant - discordant) / Math.sqrt(ofA * ofB);
    }
}
