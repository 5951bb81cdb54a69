package org.segmeter.metric.loss;

import java.util.List;

/**
 * The parameters of the losses that are not tied to a named definition. Every one of them is in the parameters of the values it
 * enters.
 *
 * @param smooth of the region losses, in numerator and denominator
 * @param alpha Tversky weight of false positives; misses have 1 - alpha
 * @param focalGamma exponent of the focal losses
 * @param focalAlpha weight of reference voxels in the focal loss
 * @param topKPercent share of voxels that the top-k loss keeps, in percent
 * @param labelSmoothing of cross-entropy, in [0, 1)
 * @param huberDelta where the Huber loss turns linear
 * @param skeletonIterations of the soft skeleton
 * @param classWeights for what is reduced over several classes and for their cross-entropy, one per channel with the background
 *     first, not negative and not all 0; empty: 1 each
 * @param reduction of the losses of several classes to one
 * @param ranked true to compute what sorts the voxels (Lovász, top-k): 8 bytes for each voxel with 0 &lt; p &lt; 1
 * @param dense true to compute what needs fields over the box around both sides (soft skeletons, distances): about 100
 *     bytes per voxel, for at most 2^24 voxels
 */
public record LossSettings(
        double smooth,
        double alpha,
        double focalGamma,
        double focalAlpha,
        double topKPercent,
        double labelSmoothing,
        double huberDelta,
        int skeletonIterations,
        List<Double> classWeights,
        Reduction reduction,
        boolean ranked,
        boolean dense) {

    /** How the weighted losses of several classes become one. */
    public enum Reduction {
        /** Their sum divided by the number of classes, as in MONAI: not by the sum of the weights. */
        MEAN,
        SUM
    }

    public LossSettings {
        classWeights = List.copyOf(classWeights);
        if (classWeights.stream().anyMatch(w -> !(w >= 0 && w < Double.POSITIVE_INFINITY))
                || !classWeights.isEmpty() && classWeights.stream().allMatch(w -> w == 0)) {
            throw new IllegalArgumentException("class weights are finite, not negative and not all 0: " + classWeights);
        }
        if (!(smooth >= 0 && smooth < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("smooth is finite and not negative: " + smooth);
        }
        if (!(alpha >= 0 && alpha <= 1) || !(focalAlpha >= 0 && focalAlpha <= 1)) {
            throw new IllegalArgumentException("weights lie in [0, 1]: " + alpha + ", " + focalAlpha);
        }
        if (!(focalGamma >= 0 && focalGamma <= 100)) {
            throw new IllegalArgumentException("the focal exponent lies in [0, 100]: " + focalGamma);
        }
        if (!(topKPercent > 0 && topKPercent <= 100)) {
            throw new IllegalArgumentException("the top-k share lies in (0, 100] percent: " + topKPercent);
        }
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException("label smoothing lies in [0, 1): " + labelSmoothing);
        }
        if (!(huberDelta > 0 && huberDelta <= 1)) {
            throw new IllegalArgumentException("the Huber delta lies in (0, 1]: " + huberDelta);
        }
        if (skeletonIterations < 0 || skeletonIterations > 1000) {
            throw new IllegalArgumentException("skeleton iterations lie in 0..1000: " + skeletonIterations);
        }
    }

    /** The defaults of the field: MONAI's where it has the loss, else the paper's. */
    public static LossSettings defaults() {
        return new LossSettings(1e-5, 0.3, 2, 0.25, 10, 0.1, 0.5, 3, List.of(), Reduction.MEAN, true, true);
    }

    /** The same without what sorts voxels or needs dense fields: what one pass yields. */
    public LossSettings onePass() {
        return new LossSettings(
                smooth,
                alpha,
                focalGamma,
                focalAlpha,
                topKPercent,
                labelSmoothing,
                huberDelta,
                skeletonIterations,
                classWeights,
                reduction,
                false,
                false);
    }
}
