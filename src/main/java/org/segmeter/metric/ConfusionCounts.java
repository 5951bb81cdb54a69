package org.segmeter.metric;

import org.segmeter.volume.Mask;

/**
 * The confusion matrix of two masks over a number of voxels: exact integer counts.
 *
 * @param tp voxels in both
 * @param fp voxels in the prediction only
 * @param fn voxels in the reference only
 * @param tn voxels in neither
 */
public record ConfusionCounts(long tp, long fp, long fn, long tn) {

    public ConfusionCounts {
        if (tp < 0 || fp < 0 || fn < 0 || tn < 0) {
            throw new IllegalArgumentException(
                    "counts are not negative: tp %d, fp %d, fn %d, tn %d".formatted(tp, fp, fn, tn));
        }
    }

    /**
     * Counts voxels.
     *
     * @param voxels of the evaluation grid, both masks' voxels among them
     */
    public static ConfusionCounts of(Mask prediction, Mask reference, long voxels) {
        long both = prediction.intersectionCount(reference);
        long p = prediction.count();
        long r = reference.count();
        return new ConfusionCounts(both, p - both, r - both, voxels - p - r + both);
    }

    /** Voxels of the prediction. */
    public long prediction() {
        return tp + fp;
    }

    /** Voxels of the reference. */
    public long reference() {
        return tp + fn;
    }

    /** Voxels that were looked at. */
    public long total() {
        return tp + fp + fn + tn;
    }

    /** Which sides have voxels: OK if both have. */
    public MetricValue.State emptiness() {
        if (prediction() == 0) {
            return reference() == 0 ? MetricValue.State.BOTH_EMPTY : MetricValue.State.PREDICTION_EMPTY;
        }
        return reference() == 0 ? MetricValue.State.REFERENCE_EMPTY : MetricValue.State.OK;
    }

    /** The counts of two disjoint sets of voxels together. */
    public ConfusionCounts plus(ConfusionCounts other) {
        return new ConfusionCounts(
                Math.addExact(tp, other.tp),
                Math.addExact(fp, other.fp),
                Math.addExact(fn, other.fn),
                Math.addExact(tn, other.tn));
    }
}
