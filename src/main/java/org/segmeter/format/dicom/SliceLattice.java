package org.segmeter.format.dicom;

import java.util.Arrays;
import java.util.List;
import org.segmeter.volume.InputException;

/**
 * The regular spacing of slices along their normal, found from the positions of the frames that exist. Absent slices (empty
 * frames are usually left out) are gaps on the lattice; positions that fit no lattice are refused.
 *
 * <p>The step is Spacing Between Slices where the positions fit it, else the smallest distance of two neighbours; only a single
 * slice takes its step from Spacing Between Slices or Slice Thickness, because nothing else tells. Everywhere else Slice
 * Thickness is no distance: slices may overlap or leave gaps.
 *
 * @param first position of slice 0 along the normal, in mm
 * @param step distance of neighbouring slices in mm, positive
 * @param count slices from the first to the last
 * @param deviation the largest distance of a frame from its slice, in steps
 */
record SliceLattice(double first, double step, int count, double deviation) {

    /** Frames closer than this, as a share of the pixel spacing, lie in one slice: the rounding of decimal strings. */
    private static final double SAME_SLICE = 1e-3;

    /** A frame may be off its slice by this share of a step; beyond it, interpolation would be needed. */
    static final double TOLERANCE = 0.1;

    /** From here on the deviation is worth a notice. */
    static final double NOTICEABLE = 0.01;

    /**
     * @param positions of all frames along the normal, in mm, in any order; at least one
     * @param pixelSpacing the smaller in-plane spacing, in mm
     * @param spacingBetweenSlices as given, 0 if absent
     * @param sliceThickness as given, 0 if absent
     * @param maximumSlices slices at most
     */
    static SliceLattice of(
            double[] positions,
            double pixelSpacing,
            double spacingBetweenSlices,
            double sliceThickness,
            long maximumSlices)
            throws InputException {
        long maximumCount = Math.min(maximumSlices, 1 << 30);
        double[] distinct = distinct(positions, SAME_SLICE * pixelSpacing);
        double first = distinct[0];
        if (distinct.length == 1) {
            double step = spacingBetweenSlices > 0 ? spacingBetweenSlices : sliceThickness;
            if (!(step > 0)) {
                throw Refusal.geometry(
                        "The object has one slice, and neither Spacing Between Slices nor Slice Thickness says how far"
                                + " it reaches.",
                        "no positive (0018,0088) or (0018,0050)",
                        "a distance in mm");
            }
            return new SliceLattice(first, step, 1, 0);
        }
        double span = distinct[distinct.length - 1] - first;
        if (spacingBetweenSlices > 0 && span / spacingBetweenSlices < maximumCount + 0.5) {
            double deviation = deviation(distinct, first, spacingBetweenSlices);
            if (deviation <= NOTICEABLE) {
                return lattice(distinct, spacingBetweenSlices, maximumCount);
            }
            if (deviation <= TOLERANCE) {
                return lattice(distinct, span / Math.rint(span / spacingBetweenSlices), maximumCount);
            }
        }
        return lattice(distinct, estimatedStep(distinct), maximumCount);
    }

    private static SliceLattice lattice(double[] distinct, double step, long maximumCount) throws InputException {
        double first = distinct[0];
        double last = Math.rint((distinct[distinct.length - 1] - first) / step);
        if (!(last < maximumCount)) {
            throw Refusal.tooLarge(
                    "The frames lie so far apart that the volume between them exceeds the limit.",
                    Refusal.text("%.0f slices of %s mm", last + 1, step),
                    "at most " + maximumCount + " slices of this size");
        }
        double deviation = deviation(distinct, first, step);
        if (!(deviation <= TOLERANCE)) {
            throw uneven((1 + deviation) * step, step);
        }
        return new SliceLattice(first, step, (int) last + 1, deviation);
    }

    private static InputException uneven(double distance, double step) {
        return Refusal.geometry(
                "The distances between the slices are uneven; resample the segmentation onto a regular grid.",
                Refusal.text("a distance of %.4f mm", distance),
                Refusal.text("multiples of %.4f mm", step));
    }

    private static double[] distinct(double[] positions, double tolerance) {
        double[] sorted = positions.clone();
        Arrays.sort(sorted);
        int n = 1;
        for (double p : sorted) {
            if (p - sorted[n - 1] > tolerance) {
                sorted[n++] = p;
            }
        }
        return Arrays.copyOf(sorted, n);
    }

    private static double deviation(double[] positions, double first, double step) {
        double largest = 0;
        for (double p : positions) {
            double slices = (p - first) / step;
            largest = Math.max(largest, Math.abs(slices - Math.rint(slices)));
        }
        return largest;
    }

    /** The smallest gap, refined by every larger gap that is a multiple of it: rounded positions must not add up. */
    private static double estimatedStep(double[] positions) throws InputException {
        double[] gaps = new double[positions.length - 1];
        for (int i = 0; i < gaps.length; i++) {
            gaps[i] = positions[i + 1] - positions[i];
        }
        Arrays.sort(gaps);
        double total = 0;
        double slices = 0;
        double step = gaps[0];
        for (double gap : gaps) {
            double n = Math.rint(gap / step);
            if (!(Math.abs(gap / step - n) <= TOLERANCE)) {
                throw uneven(gap, step);
            }
            total += gap;
            slices += n;
            step = total / slices;
        }
        return step;
    }

    /** The slice of a position along the normal. */
    int indexOf(double position) {
        return (int) Math.rint((position - first) / step);
    }

    /** What an operator should know of it. */
    List<String> notices() {
        return deviation > NOTICEABLE
                ? List.of(Refusal.text("Slices are off the regular grid by up to %.3f of their distance.", deviation))
                : List.of();
    }
}
