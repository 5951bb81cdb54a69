package org.segmeter.metric.slice;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * Overlap slice by slice along an axis. A series shows where a segment goes wrong; its mean is not the Dice of the segment.
 *
 * @param axis 0 for x, 1 for y, 2 for z
 * @param slices those in which either side has a voxel, ascending
 */
public record SliceSeries(int axis, List<Slice> slices) {

    /**
     * @param index along the axis
     * @param tp voxels in both
     * @param fp voxels of the prediction alone
     * @param fn voxels of the reference alone
     */
    public record Slice(int index, long tp, long fp, long fn) {

        /** 0 to 1: in a slice of the series at least one side has a voxel. */
        public double dice() {
            return 2.0 * tp / (2 * tp + fp + fn);
        }

        public boolean differs() {
            return fp + fn > 0;
        }
    }

    public SliceSeries {
        slices = List.copyOf(slices);
    }

    /** @param axis 0, 1 or 2 */
    public static SliceSeries of(BitMask prediction, BitMask reference, int axis) {
        if (axis < 0 || axis > 2) {
            throw new IllegalArgumentException("axis " + axis + " is not 0, 1 or 2");
        }
        Box box = prediction.box().union(reference.box());
        int from = axis == 0 ? box.x0() : axis == 1 ? box.y0() : box.z0();
        int n = axis == 0 ? box.nx() : axis == 1 ? box.ny() : box.nz();
        long[] both = new long[n];
        long[] predicted = new long[n];
        long[] referenced = new long[n];
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                boolean hasP = prediction.hasRow(y, z);
                boolean hasR = reference.hasRow(y, z);
                int atP = hasP ? prediction.rowStart(y, z) - prediction.wordX0() : 0;
                int atR = hasR ? reference.rowStart(y, z) - reference.wordX0() : 0;
                for (int w = box.x0() >> 6; w <= box.x1() - 1 >> 6; w++) {
                    long p = hasP && has(prediction, w) ? prediction.words()[atP + w] : 0;
                    long r = hasR && has(reference, w) ? reference.words()[atR + w] : 0;
                    if ((p | r) == 0) {
                        continue;
                    }
                    if (axis == 0) {
                        count(p & r, (w << 6) - from, both);
                        count(p, (w << 6) - from, predicted);
                        count(r, (w << 6) - from, referenced);
                    } else {
                        int i = (axis == 1 ? y : z) - from;
                        both[i] += Long.bitCount(p & r);
                        predicted[i] += Long.bitCount(p);
                        referenced[i] += Long.bitCount(r);
                    }
                }
            }
        }
        List<Slice> slices = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            if (predicted[i] + referenced[i] > 0) {
                slices.add(new Slice(from + i, both[i], predicted[i] - both[i], referenced[i] - both[i]));
            }
        }
        return new SliceSeries(axis, slices);
    }

    private static boolean has(BitMask mask, int w) {
        return w >= mask.wordX0() && w < mask.wordX0() + mask.wordsPerRow();
    }

    private static void count(long bits, int at, long[] counts) {
        for (long left = bits; left != 0; left &= left - 1) {
            counts[at + Long.numberOfTrailingZeros(left)]++;
        }
    }

    /** The slice of lowest Dice, of several the first; empty if there is no slice. */
    public Optional<Slice> worst() {
        Slice worst = null;
        for (Slice s : slices) {
            if (worst == null || s.dice() < worst.dice()) {
                worst = s;
            }
        }
        return Optional.ofNullable(worst);
    }

    /** Share, 0 to 1, of the slices in which the two sides differ by any voxel; empty if there is no slice. */
    public OptionalDouble differingFraction() {
        return slices.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(
                        (double) slices.stream().filter(Slice::differs).count() / slices.size());
    }
}
