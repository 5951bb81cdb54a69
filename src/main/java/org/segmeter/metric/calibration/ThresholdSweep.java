package org.segmeter.metric.calibration;

import java.util.ArrayList;
import java.util.List;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.ProbabilityCells;

/**
 * What a hard reference would say of the prediction at each threshold 0, 0.01 ... 1 (voxels with p at least the threshold), from
 * the histogram of one pass.
 *
 * @param points 101, by rising threshold
 * @param best the point with the largest Dice, the one nearest to 0.5 among equals
 * @param auroc area under the ROC curve
 * @param averagePrecision area under the precision-recall curve by steps
 */
public record ThresholdSweep(List<Point> points, Point best, Area auroc, Area averagePrecision) {

    /**
     * Counts at a threshold.
     *
     * @param threshold in 0..1
     */
    public record Point(double threshold, long tp, long fp, long fn, long tn) {
        /** 2 tp / (2 tp + fp + fn); NaN if both sides are empty. */
        public double dice() {
            return 2.0 * tp / (2.0 * tp + fp + fn);
        }

        /** tp / (tp + fp); NaN if nothing is predicted. */
        public double precision() {
            return (double) tp / (tp + fp);
        }

        /** tp / (tp + fn); NaN if the reference is empty. */
        public double recall() {
            return (double) tp / (tp + fn);
        }
    }

    /**
     * An area from the histogram.
     *
     * @param value NaN where the reference has no voxel (or, for the ROC, all)
     * @param errorAtMost how far the exact value can be from it, because voxels of one cell of width 1/300 are not ordered
     */
    public record Area(double value, double errorAtMost) {}

    public ThresholdSweep {
        points = List.copyOf(points);
    }

    /** @throws IllegalArgumentException if the reference is soft */
    public static ThresholdSweep of(ChannelStatistics s) {
        if (!s.hardReference()) {
            throw new IllegalArgumentException("a threshold sweep needs a hard reference");
        }
        List<Point> points = new ArrayList<>();
        Point best = null;
        for (int k = 0; k <= 100; k++) {
            List<Long> c = s.countsAtLeast(k, 100);
            Point point = new Point(k / 100.0, c.get(0), c.get(1), c.get(2), c.get(3));
            points.add(point);
            if (best == null
                    || point.dice() > best.dice()
                    || point.dice() == best.dice()
                            && Math.abs(point.threshold() - 0.5) < Math.abs(best.threshold() - 0.5)) {
                best = point;
            }
        }
        if (best == null) {
            throw new IllegalStateException("no thresholds");
        }
        return new ThresholdSweep(points, best, auroc(s.cells()), averagePrecision(s.cells()));
    }

    private static Area auroc(ProbabilityCells cells) {
        double above = 0;
        double unordered = 0;
        double othersBelow = 0;
        double reference = 0;
        for (int i = 0; i < cells.count().length; i++) {
            double r = cells.sumG()[i];
            double o = cells.count()[i] - r;
            above += r * (othersBelow + 0.5 * o);
            // Voxels of an edge cell are ties for certain; those between two edges may be in any order.
            unordered += i % 2 == 1 ? 0.5 * r * o : 0;
            othersBelow += o;
            reference += r;
        }
        double pairs = reference * othersBelow;
        return new Area(above / pairs, pairs == 0 ? 0 : unordered / pairs);
    }

    private static Area averagePrecision(ProbabilityCells cells) {
        double reference = 0;
        for (double r : cells.sumG()) {
            reference += r;
        }
        double low = 0;
        double high = 0;
        double tp = 0;
        double fp = 0;
        for (int i = cells.count().length - 1; i >= 0; i--) {
            double r = cells.sumG()[i];
            double o = cells.count()[i] - r;
            if (r > 0) {
                double together = (tp + r) / (tp + r + fp + o);
                if (i % 2 == 1) {
                    // All others of the cell first, or all reference voxels first and the sum over their steps.
                    low += steps(tp, fp + o, r);
                    high += steps(tp, fp, r);
                } else {
                    low += r * together;
                    high += r * together;
                }
            }
            tp += r;
            fp += o;
        }
        return new Area((low + high) / (2 * reference), reference == 0 ? 0 : (high - low) / (2 * reference));
    }

    /** Sum over the next r reference voxels, taken one by one, of their precision with fp others before them. */
    private static double steps(double tp, double fp, double r) {
        if (fp == 0) {
            return r;
        }
        // sum_{j=1..r} (tp + j) / (tp + j + fp) = r - fp (H(tp + fp + r) - H(tp + fp)), H the harmonic numbers.
        return r - fp * (harmonic(tp + fp + r) - harmonic(tp + fp));
    }

    private static double harmonic(double n) {
        if (n < 64) {
            double sum = 0;
            for (int k = 1; k <= n; k++) {
                sum += 1.0 / k;
            }
            return sum;
        }
        double n2 = n * n;
        return Math.log(n) + 0.57721566490153286 + 1 / (2 * n) - 1 / (12 * n2) + 1 / (120 * n2 * n2);
    }
}
