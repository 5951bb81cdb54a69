package org.segmeter.metric.loss;

/**
 * The sums over voxels from which every region loss of one channel follows; p is the prediction, g the reference of a voxel.
 * For hard masks they are the confusion counts.
 *
 * @param voxels N, all voxels of the region
 * @param tp sum of p g
 * @param fp sum of p (1 - g)
 * @param fn sum of (1 - p) g
 * @param tn sum of (1 - p)(1 - g)
 * @param tp2 sum of (p g)^2; {@code fp2}, {@code fn2}, {@code tn2} likewise
 * @param pp sum of p^2
 * @param gg sum of g^2
 * @param l1 sum of |p - g|
 * @param l2 sum of (p - g)^2
 */
public record SoftSums(
        long voxels,
        double tp,
        double fp,
        double fn,
        double tn,
        double tp2,
        double fp2,
        double fn2,
        double tn2,
        double pp,
        double gg,
        double l1,
        double l2) {

    public static final SoftSums NONE = ofCounts(0, 0, 0, 0);

    /** The sums of two hard masks from their confusion counts, without touching a voxel. */
    public static SoftSums ofCounts(long tp, long fp, long fn, long tn) {
        if (tp < 0 || fp < 0 || fn < 0 || tn < 0) {
            throw new IllegalArgumentException("negative count: " + tp + ", " + fp + ", " + fn + ", " + tn);
        }
        return new SoftSums(
                tp + fp + fn + tn,
                tp,
                fp,
                fn,
                tn,
                tp,
                fp,
                fn,
                tn,
                (double) tp + fp,
                (double) tp + fn,
                fp + fn,
                fp + fn);
    }

    /** Sum of p: the soft volume of the prediction in voxels. */
    public double p() {
        return tp + fp;
    }

    /** Sum of g: the volume of the reference in voxels. */
    public double g() {
        return tp + fn;
    }

    /** The sums of the channel 1 - p against 1 - g. */
    public SoftSums background() {
        return new SoftSums(
                voxels, tn, fn, fp, tp, tn2, fn2, fp2, tp2, voxels - 2 * p() + pp, voxels - 2 * g() + gg, l1, l2);
    }

    /** The sums over the voxels of both: of several cases of a batch, or of several classes. */
    public SoftSums plus(SoftSums other) {
        return new SoftSums(
                voxels + other.voxels,
                tp + other.tp,
                fp + other.fp,
                fn + other.fn,
                tn + other.tn,
                tp2 + other.tp2,
                fp2 + other.fp2,
                fn2 + other.fn2,
                tn2 + other.tn2,
                pp + other.pp,
                gg + other.gg,
                l1 + other.l1,
                l2 + other.l2);
    }
}
