package org.segmeter.volume;

import org.jspecify.annotations.Nullable;

/**
 * The probability (or fractional occupancy) of one segment, in [0, 1] per voxel, stored for a box only and 0 outside it.
 *
 * @param box the stored voxels, of fewer than 2^31
 * @param values x fastest, {@code ((z - z0) * ny + (y - y0)) * nx + (x - x0)}; not copied, not changed after construction
 * @param logits the real numbers that the probabilities were made from, in the same order; null unless a reader was asked to keep
 *     them. Far from 0 they say more than the probability, which is rounded to 0 or 1
 */
public record ProbabilityVolume(Box box, float[] values, float @Nullable [] logits) implements Voxels {

    /** Without logits. */
    public ProbabilityVolume(Box box, float[] values) {
        this(box, values, null);
    }

    public ProbabilityVolume {
        if (values.length != box.voxelCount()) {
            throw new IllegalArgumentException(
                    "a probability for each of " + box.voxelCount() + " voxels is needed, not " + values.length);
        }
        if (logits != null && logits.length != values.length) {
            throw new IllegalArgumentException(
                    "a logit for each of " + values.length + " voxels is needed, not " + logits.length);
        }
    }

    /**
     * The voxels whose probability is at least the threshold (the product's rule for hardening; 0.5 unless a request says otherwise). It
     * is rounded as the probabilities are: 0.7 stored in 32 bits is below 0.7, and means it.
     */
    public BitMask atLeast(double threshold) {
        float least = (float) threshold;
        BitMask mask = new BitMask(box);
        int at = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (values[at++] >= least) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }
}
