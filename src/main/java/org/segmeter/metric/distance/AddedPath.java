package org.segmeter.metric.distance;

import java.util.stream.IntStream;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * How much contour a person who corrects the prediction slice by slice has to draw: the added path length (Vaassen et al., Phys Imaging
 * Radiat Oncol 13, 2020), with a tolerance.
 *
 * @param lengthMm contour pixels of the reference farther than the tolerance from the prediction's contour in their slice, times the
 *     mean spacing of the slice
 * @param contourMm all contour pixels of the reference, times the same
 * @param editedSlices slices with such pixels, or with voxels of one side only
 * @param slices slices with voxels of either side
 */
public record AddedPath(double lengthMm, double contourMm, int editedSlices, int slices) {

    private record Plane(long added, long contour, boolean edited, boolean used) {}

    /**
     * Contours are pixels with one of four neighbours outside, in slices along z.
     *
     * @param toleranceMm at least 0
     */
    public static AddedPath of(
            BitMask prediction, BitMask reference, Spacing spacing, double toleranceMm, CancelSignal cancel) {
        if (!(toleranceMm >= 0)) {
            throw new IllegalArgumentException("a tolerance is at least 0 mm, not " + toleranceMm);
        }
        Box box = prediction.box().union(reference.box());
        Plane[] planes = new Plane[box.nz()];
        IntStream.range(0, box.nz()).parallel().forEach(i -> {
            cancel.check();
            planes[i] = plane(prediction, reference, box, box.z0() + i, spacing, toleranceMm);
        });
        long added = 0;
        long contour = 0;
        int edited = 0;
        int used = 0;
        for (Plane p : planes) {
            added += p.added;
            contour += p.contour;
            edited += p.edited ? 1 : 0;
            used += p.used ? 1 : 0;
        }
        double pixel = (spacing.x() + spacing.y()) / 2;
        return new AddedPath(added * pixel, contour * pixel, edited, used);
    }

    private static Plane plane(
            BitMask prediction, BitMask reference, Box box, int z, Spacing spacing, double toleranceMm) {
        Box flat = new Box(box.x0(), box.y0(), z, box.x1(), box.y1(), z + 1);
        PointSet p = contour(PointSet.voxels(prediction, flat, false));
        PointSet r = contour(PointSet.voxels(reference, flat, false));
        long total = r.count();
        boolean predicted = !p.isEmpty();
        if (total == 0 || !predicted) {
            return new Plane(total, total, total > 0 || predicted, total > 0 || predicted);
        }
        NearestPoint.Search search = new NearestPoint(p, flat, spacing, 0).search();
        double limit = toleranceMm * (1 + 1e-9);
        long added = 0;
        for (int j = 0; j < r.ny; j++) {
            for (int i = 1; i < r.stride - 1; i++) {
                for (long left = r.words[j * r.stride + i]; left != 0; left &= left - 1) {
                    int x = (r.wordX0 + i << 6) + Long.numberOfTrailingZeros(left);
                    if (Math.sqrt(search.squared(x, r.y0 + j, z)) > limit) {
                        added++;
                    }
                }
            }
        }
        return new Plane(added, total, added > 0, true);
    }

    /** The pixels of a set in one plane with one of four neighbours outside it. */
    private static PointSet contour(PointSet set) {
        PointSet contour = new PointSet(new Box(
                set.wordX0 + 1 << 6, set.y0, set.z0, set.wordX0 + set.stride - 1 << 6, set.y0 + set.ny, set.z0 + 1));
        for (int j = 0; j < set.ny; j++) {
            int row = j * set.stride;
            for (int i = 1; i < set.stride - 1; i++) {
                long here = set.words[row + i];
                long up = j > 0 ? set.words[row - set.stride + i] : 0;
                long down = j + 1 < set.ny ? set.words[row + set.stride + i] : 0;
                long left = here << 1 | set.words[row + i - 1] >>> 63;
                long right = here >>> 1 | set.words[row + i + 1] << 63;
                contour.words[row + i] = here & ~(up & down & left & right);
            }
        }
        return contour;
    }

    /** Share, 0 to 1, of the slices that need an edit; 0 if no slice has voxels. */
    public double editedFraction() {
        return slices == 0 ? 0 : (double) editedSlices / slices;
    }
}
