package org.segmeter.analytics.statistics;

import java.util.OptionalDouble;

/**
 * Overlap of the voxels of all cases together, where large cases weigh more; another question than the mean over cases (Maier-Hein et
 * al., Nature Methods 21:195, 2024).
 */
public final class Pooled {

    private Pooled() {}

    /** 2 TP / (2 TP + FP + FN); NaN if nothing was there on either side. */
    public static double dice(double tp, double fp, double fn) {
        return 2 * tp / (2 * tp + fp + fn);
    }

    /**
     * The pooled value of a metric that counts determine.
     *
     * @return empty for other metrics, and where it is undefined
     */
    public static OptionalDouble of(String metric, double tp, double fp, double fn) {
        double value = switch (metric) {
            case "dice" -> dice(tp, fp, fn);
            case "jaccard" -> tp / (tp + fp + fn);
            case "precision" -> tp / (tp + fp);
            case "sensitivity" -> tp / (tp + fn);
            default -> Double.NaN;
        };
        return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
    }

    /** Whether {@link #of} knows the metric. */
    public static boolean isKnown(String metric) {
        return of(metric, 1, 1, 1).isPresent();
    }
}
