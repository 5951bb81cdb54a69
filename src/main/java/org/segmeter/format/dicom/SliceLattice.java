package org.segmeter.format.dicom;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.segmeter.volume.InputException;

/**
 * The regular spacing of slices along their normal, found from the positions of the frames that exist. Absent slices (empty
 * frames are usually left out) are gaps on the lattice; positions that fit no lattice are refused.
 *
 * <p>The step is Spacing Between Slices where the positions fit it, else the smallest distance of two neighbours. Where most
 * distances are Spacing Between Slices and a few are not, these are off the grid, and no smaller step makes them fit. Only a single
 * slice takes its step from Spacing Between Slices or Slice Thickness, because nothing else tells. Everywhere else Slice
 * Thickness is no distance: slices may overlap or leave gaps.
 *
 * @param first position of slice 0 along the normal, in mm
 * @param step distance of neighbouring slices in mm, positive
 * @param count slices from the first to the last
 * @param deviation the largest distance of a frame from its slice, in steps
 * @param contradicted Spacing Between Slices in mm if the positions say something else; 0 if not
 */
record SliceLattice(double first, double step, int count, double deviation, double contradicted) {

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
            return new SliceLattice(first, step, 1, 0, 0);
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
        double step = estimatedStep(distinct);
        if (spacingBetweenSlices > 0 && step < (1 - TOLERANCE) * spacingBetweenSlices) {
            requireNoneOffTheGrid(distinct, spacingBetweenSlices);
        }
        SliceLattice lattice = lattice(distinct, step, maximumCount);
        return spacingBetweenSlices > 0 && Math.abs(lattice.step / spacingBetweenSlices - 1) > TOLERANCE
                ? new SliceLattice(first, lattice.step, lattice.count, lattice.deviation, spacingBetweenSlices)
                : lattice;
    }

    /** A frame that was moved makes small distances; that most others are as announced tells that it was. */
    private static void requireNoneOffTheGrid(double[] distinct, double announced) throws InputException {
        int fitting = 0;
        double off = 0;
        for (int i = 1; i < distinct.length; i++) {
            double slices = (distinct[i] - distinct[i - 1]) / announced;
            if (slices > 0.5 && Math.abs(slices - Math.rint(slices)) <= TOLERANCE) {
                fitting++;
            } else {
                off = distinct[i] - distinct[i - 1];
            }
        }
        if (2 * fitting > distinct.length - 1) {
            throw uneven(off, announced);
        }
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
        return new SliceLattice(first, step, (int) last + 1, deviation, 0);
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
        List<String> notices = new ArrayList<>();
        if (deviation > NOTICEABLE) {
            notices.add(Refusal.text("Slices are off the regular grid by up to %.3f of their distance.", deviation));
        }
        if (contradicted > 0) {
            notices.add(Refusal.text(
                    "Spacing Between Slices is %.4f mm, but the positions are %.4f mm apart, which was taken.",
                    contradicted, step));
        }
        return notices;
    }
}
