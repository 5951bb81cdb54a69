package org.segmeter.metric.loss;

import org.segmeter.volume.BitMask;
import org.segmeter.volume.ProbabilityVolume;

/**
 * Prediction and reference of one class on one grid.
 *
 * @param reference hard, or a probability (soft label); never a logit
 */
public record Channel(Side prediction, Side reference) {

    public Channel {
        if (reference instanceof Side.Logit || reference instanceof Side.SoftmaxLogit) {
            throw new IllegalArgumentException("a reference is a mask or a soft label, not a logit");
        }
    }

    public static Channel of(BitMask prediction, BitMask reference) {
        return new Channel(new Side.Hard(prediction), new Side.Hard(reference));
    }

    public static Channel of(ProbabilityVolume prediction, BitMask reference) {
        return new Channel(new Side.Probability(prediction), new Side.Hard(reference));
    }

    /** The channel of everything else: 1 - p against 1 - g. */
    public Channel background() {
        return new Channel(new Side.Rest(prediction), new Side.Rest(reference));
    }
}
