package org.segmeter.metric.topology;

import java.util.OptionalDouble;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
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

    /** The centrelines of the slices along z, each thinned as a plane of its own; the counts are those of all slices together. */
    public static CentrelineDice bySlice(
            BitMask prediction, BitMask reference, Skeleton.Rule rule, CancelSignal cancel) {
        Box box = prediction.box().union(reference.box());
        CentrelineDice sum = new CentrelineDice(0, 0, 0, 0);
        for (int z = box.z0(); z < box.z1(); z++) {
            cancel.check();
            CentrelineDice slice = of(slice(prediction, z), slice(reference, z), rule, cancel);
            sum = new CentrelineDice(
                    sum.predictionLength + slice.predictionLength,
                    sum.predictionInside + slice.predictionInside,
                    sum.referenceLength + slice.referenceLength,
                    sum.referenceInside + slice.referenceInside);
        }
        return sum;
    }

    private static BitMask slice(BitMask mask, int z) {
        Box box = mask.box();
        if (z < box.z0() || z >= box.z1()) {
            return new BitMask(Box.EMPTY);
        }
        BitMask slice = new BitMask(new Box(box.x0(), box.y0(), z, box.x1(), box.y1(), z + 1));
        for (int y = box.y0(); y < box.y1(); y++) {
            System.arraycopy(
                    mask.words(),
                    mask.rowStart(y, z) + slice.wordX0() - mask.wordX0(),
                    slice.words(),
                    slice.rowStart(y, z),
                    slice.wordsPerRow());
        }
        return slice;
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
