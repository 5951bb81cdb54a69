package org.segmeter.metric.loss;

import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Losses on soft skeletons (Shit et al. 2021, clDice). They hold a few doubles for each voxel of the region. */
public final class SkeletonLosses {

    private final double tPrecision;
    private final double tSensitivity;

    private SkeletonLosses(double tPrecision, double tSensitivity) {
        this.tPrecision = tPrecision;
        this.tSensitivity = tSensitivity;
    }

    /**
     * Soft skeletons of both sides by repeated soft erosion and opening.
     *
     * @param iterations of erosion: at least the largest radius in voxels for a full skeleton (MONAI's default is 3, the
     *     authors' class uses 10)
     * @param smooth added to numerator and denominator of both fractions
     * @throws IllegalArgumentException if the box that holds both sides has more than 2^24 voxels
     */
    public static SkeletonLosses of(Channel channel, Box box, int iterations, double smooth, CancelSignal cancel) {
        Box support = Support.of(channel, box);
        if (support.voxelCount() > Support.LARGEST) {
            throw new IllegalArgumentException("too many voxels for a dense field: " + support.voxelCount());
        }
        DenseField p = DenseField.of(channel.prediction(), support);
        DenseField g = DenseField.of(channel.reference(), support);
        return new SkeletonLosses(
                share(skeleton(p, iterations, cancel), g, smooth), share(skeleton(g, iterations, cancel), p, smooth));
    }

    private static double share(DenseField skeleton, DenseField in, double smooth) {
        double[] both = new double[skeleton.values.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = skeleton.values[i] * in.values[i];
        }
        return (skeleton.withValues(both).sum() + smooth) / (skeleton.sum() + smooth);
    }

    private static DenseField skeleton(DenseField image, int iterations, CancelSignal cancel) {
        DenseField current = image;
        DenseField eroded = erode(current);
        double[] skeleton = new double[image.values.length];
        for (int j = 0; j <= iterations; j++) {
            cancel.check();
            if (j > 0) {
                current = eroded;
                eroded = erode(current);
            }
            DenseField opened = dilate(eroded);
            for (int i = 0; i < skeleton.length; i++) {
                double delta = Math.max(0, current.values[i] - opened.values[i]);
                // For the first round the skeleton is 0 and this is delta.
                skeleton[i] += Math.max(0, delta - skeleton[i] * delta);
            }
        }
        return image.withValues(skeleton);
    }

    private static DenseField erode(DenseField f) {
        double[] least = f.extreme(0, true).values;
        for (int axis = 1; axis < 3; axis++) {
            // A single slice has no neighbours along z: the plain value would do no harm, as it is never smaller.
            double[] along = f.extreme(axis, true).values;
            for (int i = 0; i < least.length; i++) {
                least[i] = Math.min(least[i], along[i]);
            }
        }
        return f.withValues(least);
    }

    private static DenseField dilate(DenseField f) {
        return f.extreme(0, false).extreme(1, false).extreme(2, false);
    }

    /** Share of the predicted skeleton in the reference. */
    public double tPrecision() {
        return tPrecision;
    }

    /** Share of the reference skeleton in the prediction. */
    public double tSensitivity() {
        return tSensitivity;
    }

    /** Soft clDice loss: 1 - 2 Tprec Tsens / (Tprec + Tsens). */
    public double clDice() {
        return 1 - 2 * tPrecision * tSensitivity / (tPrecision + tSensitivity);
    }

    /** (1 - alpha) times the linear Dice loss plus alpha times the soft clDice loss. */
    public double diceClDice(SoftSums sums, double alpha, double smooth) {
        return (1 - alpha) * RegionLoss.Dice.linear(smooth).of(sums) + alpha * clDice();
    }
}
