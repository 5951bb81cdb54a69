package org.segmeter.analytics.statistics;

/**
 * Sample quantiles of type 7: linear between the order statistics at h = (n - 1) p (Hyndman and Fan, Am. Stat. 50:361, 1996; the
 * default of R and NumPy).
 */
public final class Quantiles {

    private Quantiles() {}

    /**
     * @param sorted ascending, at least one value
     * @param p from 0 to 1
     */
    public static double of(double[] sorted, double p) {
        if (sorted.length == 0 || !(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("a quantile needs values and a share from 0 to 1");
        }
        double h = (sorted.length - 1) * p;
        int below = (int) Math.floor(h);
        if (below >= sorted.length - 1) {
            return sorted[sorted.length - 1];
        }
        double step = sorted[below + 1] - sorted[below];
        double share = h - below;
        // From the nearer end, so that both ends are met exactly.
        return share < 0.5 ? sorted[below] + step * share : sorted[below + 1] - step * (1 - share);
    }

    /** @param sorted ascending, at least one value */
    public static double median(double[] sorted) {
        return of(sorted, 0.5);
    }
}
