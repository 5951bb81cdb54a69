package org.segmeter.analytics.statistics;

import java.util.Arrays;

/** Agreement of several readers about many units, corrected for chance. */
public final class Agreement {

    private Agreement() {}

    /**
     * Fleiss' kappa (Psychol. Bull. 76:378, 1971): each unit rated by the same number of readers.
     *
     * @param counts {@code [unit][category]}: how many readers chose it
     * @return NaN if all readers always chose one and the same category
     */
    public static double fleissKappa(int[][] counts) {
        double[] weights = new double[counts.length];
        Arrays.fill(weights, 1);
        return fleissKappa(counts, weights);
    }

    /** The same for units of which there are several alike. */
    public static double fleissKappa(int[][] counts, double[] weights) {
        int readers = Arrays.stream(counts[0]).sum();
        if (readers < 2) {
            throw new IllegalArgumentException("agreement needs at least two readers");
        }
        double[] chosen = new double[counts[0].length];
        double observed = 0;
        double units = 0;
        for (int u = 0; u < counts.length; u++) {
            if (Arrays.stream(counts[u]).sum() != readers) {
                throw new IllegalArgumentException("every unit must be rated by as many readers");
            }
            double pairs = 0;
            for (int c = 0; c < chosen.length; c++) {
                chosen[c] += weights[u] * counts[u][c];
                pairs += (double) counts[u][c] * (counts[u][c] - 1);
            }
            observed += weights[u] * pairs / ((double) readers * (readers - 1));
            units += weights[u];
        }
        observed /= units;
        double expected = 0;
        for (double c : chosen) {
            double share = c / (units * readers);
            expected += share * share;
        }
        return (observed - expected) / (1 - expected);
    }

    /** How far two values are from each other. */
    public enum Level {
        /** Names: alike or not. */
        NOMINAL,
        /** Numbers: the squared difference. */
        INTERVAL
    }

    /**
     * Krippendorff's alpha, 1 - observed over expected disagreement (Krippendorff, Content Analysis, 2004, chapter 11).
     *
     * @param ratings {@code [reader][unit]}, NaN where a reader said nothing; units with fewer than two ratings do not count
     * @return NaN if all ratings are the same, or no unit has two
     */
    public static double krippendorffAlpha(double[][] ratings, Level level) {
        double[] values = Arrays.stream(ratings)
                .flatMapToDouble(Arrays::stream)
                .filter(v -> !Double.isNaN(v))
                .distinct()
                .sorted()
                .toArray();
        int units = ratings[0].length;
        double[][] counts = new double[units][values.length];
        for (double[] reader : ratings) {
            for (int u = 0; u < units; u++) {
                if (!Double.isNaN(reader[u])) {
                    // Minus zero is zero.
                    counts[u][Arrays.binarySearch(values, reader[u])]++;
                }
            }
        }
        double[] weights = new double[units];
        Arrays.fill(weights, 1);
        return krippendorffAlpha(values, counts, weights, level);
    }

    /**
     * @param values that were given
     * @param counts {@code [unit][value]}: how many readers gave it
     * @param weights how many units are like this one
     */
    static double krippendorffAlpha(double[] values, double[][] counts, double[] weights, Level level) {
        double[] total = new double[values.length];
        double observed = 0;
        double n = 0;
        for (int u = 0; u < counts.length; u++) {
            double m = Arrays.stream(counts[u]).sum();
            if (m < 2) {
                continue;
            }
            n += weights[u] * m;
            double disagreement = 0;
            for (int c = 0; c < values.length; c++) {
                total[c] += weights[u] * counts[u][c];
                for (int k = 0; k < values.length; k++) {
                    disagreement += counts[u][c] * counts[u][k] * distance(values[c], values[k], level);
                }
            }
            observed += weights[u] * disagreement / (m - 1);
        }
        double expected = 0;
        for (int c = 0; c < values.length; c++) {
            for (int k = 0; k < values.length; k++) {
                expected += total[c] * total[k] * distance(values[c], values[k], level);
            }
        }
        return 1 - (n - 1) * observed / expected;
    }

    private static double distance(double a, double b, Level level) {
        return switch (level) {
            case NOMINAL -> a == b ? 0 : 1;
            case INTERVAL -> (a - b) * (a - b);
        };
    }
}
