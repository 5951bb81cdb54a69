package org.segmeter.metric.loss;

import java.util.List;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.ProbabilityVolume;

/**
 * What one side says about one channel (class, segment), per voxel of the grid. All arrays are x fastest, y, then z, and are
 * neither copied nor changed.
 */
public sealed interface Side {

    /** A hard mask: the probability map of 0 and 1. */
    record Hard(BitMask mask) implements Side {}

    /** A probability, or for a reference a soft label, in [0, 1] per voxel; 0 outside the stored box. */
    record Probability(ProbabilityVolume volume) implements Side {}

    /**
     * A logit z per voxel, p = 1 / (1 + exp(-z)); minus infinity (p = 0) outside the stored box.
     *
     * @param box the stored voxels
     * @param logits of any size, not NaN
     */
    record Logit(Box box, float[] logits) implements Side {
        public Logit {
            requireLength(box, logits);
        }
    }

    /**
     * One channel of several logits that share a softmax: p_c = exp(z_c) / sum over k of exp(z_k).
     *
     * @param box the stored voxels; outside it channel 0 (background) has p = 1 and the others p = 0
     * @param logits an array per channel, finite values
     * @param channel whose probability this side is
     */
    record SoftmaxLogit(Box box, List<float[]> logits, int channel) implements Side {
        public SoftmaxLogit {
            for (float[] of : logits) {
                requireLength(box, of);
            }
            logits = List.copyOf(logits);
            if (channel < 0 || channel >= logits.size()) {
                throw new IllegalArgumentException("channel " + channel + " of " + logits.size());
            }
        }
    }

    /** What another side leaves: 1 - p. The background where only the foreground is given. */
    record Rest(Side of) implements Side {}

    /** True if the values are logits, which tell probabilities apart that round to 0 or 1. */
    default boolean isLogit() {
        return switch (this) {
            case Logit logit -> true;
            case SoftmaxLogit softmax -> true;
            case Rest rest -> rest.of().isLogit();
            case Hard hard -> false;
            case Probability probability -> false;
        };
    }

    /** True if every value is 0 or 1: of a mask, or of what a mask leaves. */
    default boolean isHard() {
        return switch (this) {
            case Hard hard -> true;
            case Rest rest -> rest.of().isHard();
            case Probability probability -> false;
            case Logit logit -> false;
            case SoftmaxLogit softmax -> false;
        };
    }

    private static void requireLength(Box box, float[] values) {
        if (values.length != box.voxelCount()) {
            throw new IllegalArgumentException(
                    "a value for each of " + box.voxelCount() + " voxels is needed, not " + values.length);
        }
    }
}
