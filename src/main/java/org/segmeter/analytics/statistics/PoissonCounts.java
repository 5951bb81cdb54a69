package org.segmeter.analytics.statistics;

import java.util.Arrays;

/**
 * Counts of the Poisson distribution by a table (Walker, ACM TOMS 3:253, 1977, made as by Vose, IEEE TSE 17:972, 1991): one 64-bit number
 * and one look a count. Counts that are rarer than one in 10^16 of the commonest are left out.
 */
final class PoissonCounts {

    private static final double RAREST = 1e-16;

    private static final double WHOLE = 0x1p32;

    /** The least count. */
    private final int least;

    /** For each count, the share of its place that is its own, of 2^32, and which count has the rest of it. */
    private final long[] table;

    /** @param mean 0 or above */
    PoissonCounts(double mean) {
        int mode = (int) mean;
        double[] below = weights(mode, -1, mean);
        double[] above = weights(mode, 1, mean);
        least = mode - below.length;
        double[] weights = new double[below.length + 1 + above.length];
        for (int i = 0; i < below.length; i++) {
            weights[below.length - 1 - i] = below[i];
        }
        weights[below.length] = 1;
        System.arraycopy(above, 0, weights, below.length + 1, above.length);
        table = table(weights);
    }

    /** Of the counts beside the mode, in a direction, as shares of its own. */
    private static double[] weights(int mode, int step, double mean) {
        double[] weights = new double[16];
        int n = 0;
        double weight = 1;
        for (int count = mode + step; count >= 0; count += step) {
            weight *= step > 0 ? mean / count : (count + 1) / mean;
            if (!(weight >= RAREST)) {
                break;
            }
            if (n == weights.length) {
                weights = Arrays.copyOf(weights, 2 * n);
            }
            weights[n++] = weight;
        }
        return Arrays.copyOf(weights, n);
    }

    private static long[] table(double[] weights) {
        int n = weights.length;
        double scale = n / Moments.sum(weights);
        double[] left = new double[n];
        int[] order = new int[n]; // those with less than their place from the left, those with more from the right
        int small = 0;
        int large = n;
        for (int i = 0; i < n; i++) {
            left[i] = weights[i] * scale;
            order[left[i] < 1 ? small++ : --large] = i;
        }
        long[] table = new long[n];
        while (small > 0 && large < n) {
            int less = order[--small];
            int more = order[large];
            table[less] = entry(left[less], more);
            left[more] -= 1 - left[less];
            if (left[more] < 1) {
                large++;
                order[small++] = more;
            }
        }
        // What is left differs from a whole place by rounding only.
        for (int i = 0; i < small; i++) {
            table[order[i]] = entry(1, order[i]);
        }
        for (int i = large; i < n; i++) {
            table[order[i]] = entry(1, order[i]);
        }
        return table;
    }

    private static long entry(double own, int other) {
        return Math.min((long) (own * WHOLE), 0xFFFFFFFFL) << 32 | other;
    }

    /** @param bits 64 random ones */
    int draw(long bits) {
        int place = (int) ((bits >>> 32) * table.length >>> 32);
        long entry = table[place];
        // All ones if the place's own count is drawn: half of such branches would be foretold wrongly.
        int own = (int) ((bits & 0xFFFFFFFFL) - (entry >>> 32) >> 63);
        int other = (int) entry;
        return least + (other ^ (other ^ place) & own);
    }
}
