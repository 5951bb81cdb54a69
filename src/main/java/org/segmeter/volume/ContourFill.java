package org.segmeter.volume;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.segmeter.volume.ContourSet.Structure;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/**
 * Makes voxels of contours, see {@link ContourSet}. Works in voxel indexes. Of each slice two bit planes are filled: the voxels
 * at which a row, from left to right, comes to the other side of an edge, and those on an edge; a running exclusive or along
 * the rows of the first gives the inside. A crossing so costs the same wherever it is, and no list of crossings is kept.
 */
final class ContourFill {

    /** In slices: contours this far off a slice are taken to lie in it, as positions of frames are. */
    private static final double EXACT = 0.01;

    /** In slices: contours farther off are refused. */
    private static final double FARTHEST = 0.1;

    /** Rows that all edges together may cross, a second or two; a hundred detailed structures cross 20 million. */
    private static final long MOST_CROSSINGS = 1L << 28;

    private static final double LARGEST_INDEX = 1 << 28;

    /** What masks may take beside 4 bytes for each voxel. */
    private static final long ALWAYS_ALLOWED = 8L << 20;

    private final ContourSet set;
    private final CancelSignal cancel;

    /** In voxels of the grid given; then of the extended one. The same order as the structures and their contours. */
    private final List<List<double[]>> indexes = new ArrayList<>();

    private final Grid grid;
    private final int axis;
    private final int u;
    private final int v;
    private final List<String> notices;
    private long crossings;

    ContourFill(ContourSet set, Grid given, long mostVoxels, CancelSignal cancel) throws InputException {
        this.set = set;
        this.cancel = cancel;
        notices = new ArrayList<>(set.source().notices());
        Affine toIndex = given.indexToPatient().inverse();
        double[] spread = new double[3];
        for (Structure structure : set.structures()) {
            List<double[]> contours = new ArrayList<>();
            for (double[] points : structure.contours()) {
                contours.add(indexed(points, toIndex, spread));
            }
            indexes.add(contours);
        }
        axis = spread[2] <= spread[1] && spread[2] <= spread[0] ? 2 : spread[1] <= spread[0] ? 1 : 0;
        u = axis == 0 ? 1 : 0;
        v = axis == 2 ? 1 : 2;
        intoSlices(spread[axis]);
        grid = extended(given, mostVoxels);
    }

    /** The points in voxel indexes; {@code spread} grows to the longest extent that a contour has along each axis. */
    private static double[] indexed(double[] points, Affine toIndex, double[] spread) throws InputException {
        double[] result = new double[points.length];
        double[] low = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY};
        double[] high = {Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY};
        for (int p = 0; p < points.length; p += 3) {
            double[] index = toIndex.apply(points[p], points[p + 1], points[p + 2]);
            for (int a = 0; a < 3; a++) {
                if (!(Math.abs(index[a]) < LARGEST_INDEX)) {
                    throw mismatch(
                            "A contour lies farther from the other side's grid than a patient is long.",
                            "a point " + (float) index[a] + " voxels from the first one",
                            "contours on the grid of the other side");
                }
                result[p + a] = index[a];
                low[a] = Math.min(low[a], index[a]);
                high[a] = Math.max(high[a], index[a]);
            }
        }
        for (int a = 0; a < 3; a++) {
            spread[a] = Math.max(spread[a], high[a] - low[a]);
        }
        return result;
    }

    private static InputException mismatch(String message, String found, String expected) {
        return new InputException(InputProblem.GEOMETRY_MISMATCH, message, found, expected);
    }

    /** Moves every contour into its slice, if it is near enough to one. */
    private void intoSlices(double spread) throws InputException {
        if (spread > 2 * FARTHEST) {
            throw mismatch(
                    "The contours do not lie in slices of the other side's grid: they are inclined to it, or not"
                            + " planar.",
                    "contours that extend over " + (float) spread + " slices",
                    "contours in one slice each, at most " + FARTHEST + " slice off");
        }
        double worst = 0;
        TreeSet<Integer> used = new TreeSet<>();
        int missing = 0;
        for (List<double[]> contours : indexes) {
            TreeSet<Integer> own = new TreeSet<>();
            for (double[] points : contours) {
                double sum = 0;
                for (int p = axis; p < points.length; p += 3) {
                    sum += points[p];
                }
                int slice = Math.toIntExact(Math.round(sum / (points.length / 3)));
                for (int p = axis; p < points.length; p += 3) {
                    worst = Math.max(worst, Math.abs(points[p] - slice));
                    points[p] = slice;
                }
                own.add(slice);
            }
            if (!own.isEmpty()) {
                missing += own.last() - own.first() + 1 - own.size();
            }
            used.addAll(own);
        }
        if (worst > FARTHEST) {
            throw mismatch(
                    "The contours lie between the slices of the other side's grid. Send that side on the grid on which"
                            + " the contours were drawn.",
                    "contours up to " + (float) worst + " slice off",
                    "at most " + FARTHEST + " slice off");
        }
        if (worst > EXACT) {
            notices.add(String.format(
                    Locale.ROOT, "Contours lie up to %.3f slice off the slices of the other side's grid.", worst));
        }
        int step = smallestStep(used);
        if (step > 1) {
            throw mismatch(
                    "The contours leave out slices of the other side's grid, which would all count as empty. Send that"
                            + " side on the grid on which the contours were drawn.",
                    "contours at least " + step + " slices apart",
                    "contours in neighbouring slices");
        }
        if (missing > 0) {
            notices.add("Between the first and the last contour of a structure " + missing
                    + " slices hold none of its contours; it is empty there.");
        }
    }

    /** The smallest distance of two slices that hold contours; 1 if there are fewer than two. */
    private static int smallestStep(TreeSet<Integer> slices) {
        int step = Integer.MAX_VALUE;
        Integer before = null;
        for (Integer slice : slices) {
            if (before != null) {
                step = Math.min(step, slice - before);
            }
            before = slice;
        }
        return step == Integer.MAX_VALUE ? 1 : step;
    }

    /** The grid and all voxels that contours could hold, on one lattice; the points are moved to its indexes. */
    private Grid extended(Grid given, long mostVoxels) throws InputException {
        Box box = given.box();
        for (List<double[]> contours : indexes) {
            box = box.union(box(contours));
        }
        if (box.equals(given.box())) {
            return given;
        }
        if (Math.multiplyHigh((long) box.nx() * box.ny(), box.nz()) != 0 || box.voxelCount() > mostVoxels) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The contours reach so far beyond the other side's grid that a grid for both is larger than this"
                            + " installation accepts.",
                    box.nx() + " x " + box.ny() + " x " + box.nz() + " voxels",
                    "at most " + mostVoxels + " voxels");
        }
        notices.add("Contours reach beyond the other side's grid; it was extended for them.");
        for (List<double[]> contours : indexes) {
            for (double[] points : contours) {
                for (int p = 0; p < points.length; p += 3) {
                    points[p] -= box.x0();
                    points[p + 1] -= box.y0();
                    points[p + 2] -= box.z0();
                }
            }
        }
        return new Grid(box.nx(), box.ny(), box.nz(), given.indexToPatient().movedTo(box.x0(), box.y0(), box.z0()));
    }

    /** The voxels whose centres lie between the extremes of the points. */
    private static Box box(List<double[]> contours) {
        int[] from = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
        int[] to = {Integer.MIN_VALUE, Integer.MIN_VALUE, Integer.MIN_VALUE};
        for (double[] points : contours) {
            for (int p = 0; p < points.length; p++) {
                int a = p % 3;
                from[a] = Math.min(from[a], (int) Math.ceil(points[p] - ContourSet.BOUNDARY));
                to[a] = Math.max(to[a], (int) Math.floor(points[p] + ContourSet.BOUNDARY) + 1);
            }
        }
        return from[0] >= to[0] || from[1] >= to[1] || from[2] >= to[2]
                ? Box.EMPTY
                : new Box(from[0], from[1], from[2], to[0], to[1], to[2]);
    }

    Segmentation segmentation() throws InputException {
        List<Box> boxes = new ArrayList<>();
        long words = 0;
        for (List<double[]> contours : indexes) {
            Box box = box(contours);
            boxes.add(box);
            words += ((box.x1() + 63L >> 6) - (box.x0() >> 6)) * box.ny() * box.nz();
        }
        if (words > (4 * grid.voxelCount() + ALWAYS_ALLOWED) / 8) {
            throw new InputException(
                    InputProblem.TOO_LARGE,
                    "The structures are so many and so large that their masks would take " + (words >> 17) + " MiB.",
                    boxes.size() + " structures in " + grid.voxelCount() + " voxels",
                    "at most 4 bytes for each voxel");
        }
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int s = 0; s < boxes.size(); s++) {
            BitMask mask = new BitMask(boxes.get(s));
            if (!boxes.get(s).isEmpty()) {
                fill(indexes.get(s), boxes.get(s), mask);
            }
            segments.add(new SegmentVoxels(set.structures().get(s).segment(), mask));
        }
        Segmentation.Source source = set.source();
        return new Segmentation(
                grid,
                Segmentation.Encoding.BINARY,
                segments,
                new Segmentation.Source(
                        source.format(), source.frameOfReferenceUid(), source.patientGeometry(), notices));
    }

    private static int from(Box box, int axis) {
        return axis == 0 ? box.x0() : axis == 1 ? box.y0() : box.z0();
    }

    private static int size(Box box, int axis) {
        return axis == 0 ? box.nx() : axis == 1 ? box.ny() : box.nz();
    }

    private void fill(List<double[]> contours, Box box, BitMask mask) throws InputException {
        List<double[]> ordered = new ArrayList<>(contours);
        ordered.sort((a, b) -> Double.compare(a[axis], b[axis]));
        Plane plane = new Plane(from(box, u), size(box, u), from(box, v), size(box, v));
        int next = 0;
        while (next < ordered.size()) {
            int slice = (int) ordered.get(next)[axis];
            while (next < ordered.size() && (int) ordered.get(next)[axis] == slice) {
                edges(ordered.get(next++), plane);
            }
            if (slice >= from(box, axis) && slice < from(box, axis) + size(box, axis)) {
                plane.moveInto(mask, slice);
            }
        }
    }

    private void edges(double[] points, Plane plane) throws InputException {
        int last = points.length - 3;
        for (int p = 0; p < points.length; p += 3) {
            if (p % 3072 == 0) {
                cancel.check();
            }
            crossings += plane.edge(points[last + u], points[last + v], points[p + u], points[p + v]);
            if (crossings > MOST_CROSSINGS) {
                throw new InputException(
                        InputProblem.TOO_LARGE,
                        "The contours cross the rows of the grid more often than any structures do.",
                        "more than " + MOST_CROSSINGS + " crossings",
                        "at most " + MOST_CROSSINGS);
            }
            last = p;
        }
    }

    /** A slice of a structure's box, u along the rows. */
    private final class Plane {
        private final int u0;
        private final int nu;
        private final int v0;
        private final int nv;
        private final int wordsPerRow;

        /** Bit u - u0: from there on along the row a voxel is on the other side of an edge. */
        private final long[] flips;

        /** Bit u - u0: the voxel's centre is on an edge. */
        private final long[] on;

        Plane(int u0, int nu, int v0, int nv) {
            this.u0 = u0;
            this.nu = nu;
            this.v0 = v0;
            this.nv = nv;
            wordsPerRow = nu + 63 >> 6;
            flips = new long[Math.multiplyExact(wordsPerRow, nv)];
            on = new long[flips.length];
        }

        /** Enters an edge. @return how many rows were looked at, at least 1 */
        int edge(double ua, double va, double ub, double vb) {
            // Always from low to high v: of two coincident edges, whichever way they run, every crossing cancels
            // exactly.
            boolean up = va < vb;
            double uLow = (up ? ua : ub) - u0;
            double vLow = (up ? va : vb) - v0;
            double uHigh = (up ? ub : ua) - u0;
            double vHigh = (up ? vb : va) - v0;
            double slope = (uHigh - uLow) / (vHigh - vLow);
            int from = Math.max(0, (int) Math.ceil(vLow - ContourSet.BOUNDARY));
            int to = Math.min(nv - 1, (int) Math.floor(vHigh + ContourSet.BOUNDARY));
            for (int row = from; row <= to; row++) {
                if (row >= vLow && row < vHigh) {
                    int flip = (int) Math.ceil(uLow + (row - vLow) * slope);
                    if (flip < nu) {
                        flips[row * wordsPerRow + (Math.max(flip, 0) >> 6)] ^= 1L << Math.max(flip, 0);
                    }
                }
                onEdge(row, uLow, vLow, uHigh, vHigh);
            }
            return Math.max(1, to - from + 1);
        }

        /** The voxels of a row whose centres are within {@link ContourSet#BOUNDARY} of an edge. */
        private void onEdge(int row, double uLow, double vLow, double uHigh, double vHigh) {
            double length = vHigh - vLow;
            double a = length == 0 ? 0 : Math.clamp((row - ContourSet.BOUNDARY - vLow) / length, 0.0, 1.0);
            double b = length == 0 ? 1 : Math.clamp((row + ContourSet.BOUNDARY - vLow) / length, 0.0, 1.0);
            // Where the edge is within that distance of the row, it is of every centre that it passes.
            double left = uLow + a * (uHigh - uLow);
            double right = uLow + b * (uHigh - uLow);
            if (left > right) {
                double swap = left;
                left = right;
                right = swap;
            }
            int first = (int) Math.ceil(left);
            int last = (int) Math.floor(right);
            for (int x = Math.max(first, 0); x <= Math.min(last, nu - 1); ) {
                int end = Math.min(Math.min(last, nu - 1) + 1, (x | 63) + 1);
                on[row * wordsPerRow + (x >> 6)] |= -1L << x & -1L >>> -end;
                x = end;
            }
            for (int x : new int[] {first - 1, last + 1}) {
                if (x >= 0 && x < nu && distance(x, row, uLow, vLow, uHigh, vHigh) <= ContourSet.BOUNDARY) {
                    on[row * wordsPerRow + (x >> 6)] |= 1L << x;
                }
            }
        }

        private static double distance(double x, double y, double ax, double ay, double bx, double by) {
            double dx = bx - ax;
            double dy = by - ay;
            double square = dx * dx + dy * dy;
            double t = square == 0 ? 0 : Math.clamp(((x - ax) * dx + (y - ay) * dy) / square, 0.0, 1.0);
            return Math.hypot(ax + t * dx - x, ay + t * dy - y);
        }

        /** Adds what is inside to the mask and leaves the plane empty. */
        void moveInto(BitMask mask, int slice) {
            for (int row = 0; row < nv; row++) {
                long inside = 0; // all bits alike: whether the row is inside after the words so far
                for (int w = 0; w < wordsPerRow; w++) {
                    int at = row * wordsPerRow + w;
                    long flip = flips[at];
                    if ((flip | on[at] | inside) != 0) {
                        flip ^= flip << 1;
                        flip ^= flip << 2;
                        flip ^= flip << 4;
                        flip ^= flip << 8;
                        flip ^= flip << 16;
                        flip ^= flip << 32;
                        flip ^= inside;
                        inside = flip >> 63;
                        add(mask, (flip | on[at]) & used(w), u0 + (w << 6), v0 + row, slice);
                    }
                }
            }
            Arrays.fill(flips, 0);
            Arrays.fill(on, 0);
        }

        private long used(int word) {
            return word < wordsPerRow - 1 ? -1L : -1L >>> -nu;
        }

        /** Sets the voxels of 64 in a row from one on. */
        private void add(BitMask mask, long bits, int uFrom, int row, int slice) {
            if (axis == 0) {
                for (long left = bits; left != 0; left &= left - 1) {
                    mask.set(slice, uFrom + Long.numberOfTrailingZeros(left), row);
                }
            } else if (bits != 0) {
                int y = axis == 1 ? slice : row;
                int z = axis == 1 ? row : slice;
                int at = mask.rowStart(y, z) + (uFrom >> 6) - mask.wordX0();
                mask.words()[at] |= bits << uFrom;
                long rest = (uFrom & 63) == 0 ? 0 : bits >>> -uFrom;
                if (rest != 0) {
                    mask.words()[at + 1] |= rest;
                }
            }
        }
    }
}
