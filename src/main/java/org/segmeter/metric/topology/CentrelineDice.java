package org.segmeter.metric.topology;

import java.util.OptionalDouble;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;

/**
 * How much of each side's centreline lies inside the other side (Shit et al., "clDice", CVPR 2021).
 *
 * @param predictionLength voxels of the prediction's centreline
 * @param predictionInside of these, those in the reference
 * @param referenceLength voxels of the reference's centreline
 * @param referenceInside of these, those in the prediction
 */
public record CentrelineDice(long predictionLength, long predictionInside, long referenceLength, long referenceInside) {

    public static CentrelineDice of(BitMask prediction, BitMask reference, Skeleton.Rule rule, CancelSignal cancel) {
        BitMask p = Skeleton.of(prediction, rule, cancel);
        BitMask r = Skeleton.of(reference, rule, cancel);
        return new CentrelineDice(
                p.count(), p.intersectionCount(reference), r.count(), r.intersectionCount(prediction));
    }

    /** Share, 0 to 1, of the prediction's centreline in the reference; empty if there is no centreline. */
    public OptionalDouble topologyPrecision() {
        return predictionLength == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) predictionInside / predictionLength);
    }

    /** Share, 0 to 1, of the reference's centreline in the prediction; empty if there is no centreline. */
    public OptionalDouble topologySensitivity() {
        return referenceLength == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((double) referenceInside / referenceLength);
    }

    /** The harmonic mean of the two shares, 0 if both are 0; empty if a side has no centreline. */
    public OptionalDouble value() {
        if (predictionLength == 0 || referenceLength == 0) {
            return OptionalDouble.empty();
        }
        double p = topologyPrecision().getAsDouble();
        double s = topologySensitivity().getAsDouble();
        return OptionalDouble.of(p + s == 0 ? 0 : 2 * p * s / (p + s));
    }
}
