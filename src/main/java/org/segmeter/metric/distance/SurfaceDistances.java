package org.segmeter.metric.distance;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Parts;

/**
 * The distances in mm between the surfaces of a prediction and a reference, in both directions, exact; every number of the family
 * is made of these without measuring again.
 *
 * @param predictionToReference from each point of the prediction's surface to the nearest of the reference's
 * @param referenceToPrediction the other way round
 */
public record SurfaceDistances(DistanceDistribution predictionToReference, DistanceDistribution referenceToPrediction) {

    /**
     * Measures both directions. Runs on the fork-join pool of the calling thread, or the common one; the result has the same bits
     * for any number of threads.
     *
     * @param prediction and reference: on one grid, neither empty
     * @param spacing of that grid
     * @throws IllegalArgumentException if a mask is empty: no distance exists then, and a protocol's empty rule decides
     * @throws java.util.concurrent.CancellationException if told to stop
     */
    public static SurfaceDistances between(
            BitMask prediction, BitMask reference, Spacing spacing, SurfaceModel model, CancelSignal cancel) {
        if (prediction.isEmpty() || reference.isEmpty()) {
            throw new IllegalArgumentException("surface distances are between two masks that both have voxels; "
                    + (prediction.isEmpty() ? "the prediction" : "the reference") + " has none");
        }
        SurfaceModel points = model.isMesh() ? SurfaceModel.AREA_WEIGHTED : model;
        List<Surface> surfaces = Parts.of(2, 4 * words(prediction, reference))
                .mapToObj(i -> Surface.of(i == 0 ? prediction : reference, points, spacing))
                .toList();
        cancel.check();
        return between(prediction, reference, surfaces.get(0), surfaces.get(1), spacing, model, cancel);
    }

    /**
     * As {@link #between(BitMask, BitMask, Spacing, SurfaceModel, CancelSignal)}, of what is scored only: no piece of surface that
     * touches a voxel outside it is measured, or measured to.
     *
     * @param prediction and reference: scored voxels only, neither empty
     * @return empty if a side has no surface that is known to be one
     */
    public static Optional<SurfaceDistances> between(
            BitMask prediction,
            BitMask reference,
            Spacing spacing,
            SurfaceModel model,
            ScoredVoxels scored,
            CancelSignal cancel) {
        Surface p = surface(prediction, spacing, model, scored);
        Surface r = surface(reference, spacing, model, scored);
        return hasNone(p, spacing, model) || hasNone(r, spacing, model)
                ? Optional.empty()
                : Optional.of(between(prediction, reference, p, r, spacing, model, cancel));
    }

    /**
     * Distances between contours in the slices of one axis, each slice by itself and only along its plane; those of all slices together.
     * The contours are those of the surface model in the plane: lengths (times the distance of slices), or boundary voxels with
     * neighbours in the slice. Where only one side has voxels in a slice, its contour there lies infinitely far away.
     *
     * @param prediction and reference: scored voxels only
     * @param axis across the slices: 0, 1, 2 for x, y, z
     * @param slices indices, each once
     * @return empty if a side has no contour
     */
    public static Optional<SurfaceDistances> inSlices(
            BitMask prediction,
            BitMask reference,
            Spacing spacing,
            SurfaceModel model,
            int axis,
            List<Integer> slices,
            ScoredVoxels scored,
            CancelSignal cancel) {
        DistanceDistribution forth = null;
        DistanceDistribution back = null;
        for (int slice : slices) {
            cancel.check();
            // A slice without thickness: as part of a column of equal slices, whose ends are not looked at. Between two
            // layers lie corners, between three the faces; a layer of voxels needs no second one.
            int layers = model.isMesh() ? 3 : model == SurfaceModel.AREA_WEIGHTED ? 2 : 1;
            BitMask p = column(prediction, axis, slice, layers);
            BitMask r = column(reference, axis, slice, layers);
            ScoredVoxels within = new ScoredVoxels(
                    column(scored.voxels(), axis, slice, layers), columnBox(scored.volume(), axis, layers));
            Surface ps = contour(p, spacing, model, within);
            Surface rs = contour(r, spacing, model, within);
            if (ps != null && rs != null) {
                SurfaceDistances d = between(p, r, ps, rs, spacing, model, cancel);
                forth = pooled(forth, d.predictionToReference());
                back = pooled(back, d.referenceToPrediction());
            } else if (ps != null) {
                forth = pooled(forth, unreachable(p, ps, spacing, model));
            } else if (rs != null) {
                back = pooled(back, unreachable(r, rs, spacing, model));
            }
        }
        return forth == null || back == null ? Optional.empty() : Optional.of(new SurfaceDistances(forth, back));
    }

    /** The surface in what is scored, or null where there is none. */
    private static @Nullable Surface contour(BitMask mask, Spacing spacing, SurfaceModel model, ScoredVoxels within) {
        if (mask.isEmpty()) {
            return null;
        }
        Surface surface = surface(mask, spacing, model, within);
        return hasNone(surface, spacing, model) ? null : surface;
    }

    /**
     * The area of the pieces of a mask's area-weighted surface that touch a voxel outside what is scored, mm2: what the distances leave
     * out.
     *
     * @param mask with all its voxels, scored or not
     */
    public static double leftOut(BitMask mask, Spacing spacing, ScoredVoxels scored) {
        if (mask.isEmpty()) {
            return 0;
        }
        Surface whole = Surface.of(mask, SurfaceModel.AREA_WEIGHTED, spacing);
        PointSet kept = whole.points();
        double area = whole.weight();
        kept.removeCornersOf(scored.unscored(mask.box().grown(1)));
        return area - whole.weight();
    }

    private static DistanceDistribution pooled(@Nullable DistanceDistribution sum, DistanceDistribution more) {
        return sum == null ? more : sum.pooledWith(more);
    }

    private static DistanceDistribution unreachable(
            BitMask mask, Surface surface, Spacing spacing, SurfaceModel model) {
        return DistanceDistribution.unreachable(
                model.isMesh() ? net(surface, spacing, model, mask.box()).area() : surface.weight(),
                surface.points().count());
    }

    private static Surface surface(BitMask mask, Spacing spacing, SurfaceModel model, ScoredVoxels scored) {
        return Surface.of(mask, model.isMesh() ? SurfaceModel.AREA_WEIGHTED : model, spacing, scored);
    }

    /** True if nothing is left to be measured: of a net also where corners are left, but no face with all four. */
    private static boolean hasNone(Surface surface, Spacing spacing, SurfaceModel model) {
        return surface.points().isEmpty()
                || model.isMesh()
                        && net(surface, spacing, model, surface.points().box()).samples.length == 0;
    }

    private static SurfaceNet net(Surface surface, Spacing spacing, SurfaceModel model, Box origin) {
        return SurfaceNet.of(surface, spacing, origin, model == SurfaceModel.TRIANGLE_MESH);
    }

    /** The slice in layers from 1 on along the axis; the layers before and behind hold nothing, not even scored voxels. */
    private static BitMask column(BitMask mask, int axis, int slice, int layers) {
        Box box = mask.box();
        Box column = columnBox(box, axis, layers);
        BitMask result = new BitMask(column);
        int z0 = axis == 2 ? slice : box.z0();
        int z1 = axis == 2 ? slice + 1 : box.z1();
        int y0 = axis == 1 ? slice : box.y0();
        int y1 = axis == 1 ? slice + 1 : box.y1();
        for (int z = z0; z < z1; z++) {
            for (int y = y0; y < y1; y++) {
                if (!mask.hasRow(y, z)) {
                    continue;
                }
                if (axis == 0) {
                    if (mask.contains(slice, y, z)) {
                        result.setRun(y, z, 1, 1 + layers);
                    }
                    continue;
                }
                for (int layer = 1; layer <= layers; layer++) {
                    int to = result.rowStart(axis == 1 ? layer : y, axis == 2 ? layer : z);
                    System.arraycopy(
                            mask.words(),
                            mask.rowStart(y, z) + result.wordX0() - mask.wordX0(),
                            result.words(),
                            to,
                            result.wordsPerRow());
                }
            }
        }
        return result;
    }

    private static Box columnBox(Box box, int axis, int layers) {
        if (box.isEmpty()) {
            return Box.EMPTY;
        }
        return new Box(
                axis == 0 ? 0 : box.x0(),
                axis == 1 ? 0 : box.y0(),
                axis == 2 ? 0 : box.z0(),
                axis == 0 ? layers + 2 : box.x1(),
                axis == 1 ? layers + 2 : box.y1(),
                axis == 2 ? layers + 2 : box.z1());
    }

    private static SurfaceDistances between(
            BitMask prediction,
            BitMask reference,
            Surface p,
            Surface r,
            Spacing spacing,
            SurfaceModel model,
            CancelSignal cancel) {
        if (model.isMesh()) {
            // Millimetres are counted from the corner of both, so that moving both changes no bit.
            Box origin = prediction.box().union(reference.box());
            return TriangleMesh.between(net(p, spacing, model, origin), net(r, spacing, model, origin), cancel);
        }
        PointSet toReference = r.points();
        PointSet toPrediction = p.points();
        if (model == SurfaceModel.BOUNDARY_6_TO_REGION) {
            toReference = PointSet.voxels(reference, reference.box(), false);
            toPrediction = PointSet.voxels(prediction, prediction.box(), false);
        }
        DistanceCounts[] counts = measure(p, toReference, r, toPrediction, spacing, cancel);
        return new SurfaceDistances(counts[0].distribution(p.weights()), counts[1].distribution(r.weights()));
    }

    private static DistanceCounts[] measure(
            Surface p, PointSet toReference, Surface r, PointSet toPrediction, Spacing spacing, CancelSignal cancel) {
        List<DirectedSearch> both = Parts.of(2, 4L * (p.points().words.length + r.points().words.length))
                .mapToObj(i -> i == 0
                        ? new DirectedSearch(p, toReference, spacing, cancel)
                        : new DirectedSearch(r, toPrediction, spacing, cancel))
                .toList();
        int n = both.get(0).parts();
        int all = n + both.get(1).parts();
        DistanceCounts[] parts = new DistanceCounts[all];
        Parts.of(all, both.get(0).words() + both.get(1).words())
                .forEach(i ->
                        parts[i] = i < n ? both.get(0).part(i) : both.get(1).part(i - n));
        return new DistanceCounts[] {
            merged(Arrays.asList(parts).subList(0, n)),
            merged(Arrays.asList(parts).subList(n, all))
        };
    }

    private static long words(BitMask one, BitMask other) {
        return (long) one.words().length + other.words().length;
    }

    private static DistanceCounts merged(List<DistanceCounts> parts) {
        DistanceCounts sum = parts.get(0);
        for (DistanceCounts part : parts.subList(1, parts.size())) {
            sum.addAll(part);
        }
        return sum;
    }

    /** The Hausdorff distance: the larger of the two directed maxima. */
    public double hausdorff() {
        return Math.max(predictionToReference.max(), referenceToPrediction.max());
    }

    /** A percentile of the Hausdorff distance ({@code 95} for HD95). @param percent above 0, at most 100 */
    public double percentile(double percent, PercentileRule rule) {
        DistanceDistribution p = predictionToReference;
        DistanceDistribution r = referenceToPrediction;
        return switch (rule) {
            case AREA_STEP_LARGER -> Math.max(p.weightedPercentile(percent), r.weightedPercentile(percent));
            case LINEAR_LARGER -> Math.max(p.linearPercentile(percent), r.linearPercentile(percent));
            case LINEAR_POOLED -> p.pooledWith(r).linearPercentile(percent);
            case LINEAR_MEAN -> (p.linearPercentile(percent) + r.linearPercentile(percent)) / 2;
            case RANK_MEAN -> (p.rankPercentile(percent) + r.rankPercentile(percent)) / 2;
        };
    }

    /** The mean average surface distance: the mean of the two directed means, each direction counting alike. */
    public double masd() {
        return (predictionToReference.mean() + referenceToPrediction.mean()) / 2;
    }

    /** The average symmetric surface distance: the mean over both surfaces together, the larger surface counting more. */
    public double assd() {
        return (predictionToReference.weightedSum() + referenceToPrediction.weightedSum()) / weight();
    }

    /** The root of the mean square over both surfaces together. */
    public double rms() {
        return Math.sqrt((predictionToReference.weightedSumOfSquares() + referenceToPrediction.weightedSumOfSquares())
                / weight());
    }

    /** The weighted median over both surfaces together: the smallest distance within which half of the area lies. */
    public double median() {
        return predictionToReference.pooledWith(referenceToPrediction).weightedPercentile(50);
    }

    /**
     * The normalised surface distance, or surface Dice: the share, 0 to 1, of both surfaces together that lies at most this far from
     * the other.
     *
     * @param toleranceMm at least 0
     */
    public double nsd(double toleranceMm) {
        return (predictionToReference.weightWithin(toleranceMm) + referenceToPrediction.weightWithin(toleranceMm))
                / weight();
    }

    /** The mean of the two surfaces' shares within a tolerance, each counting alike: not {@link #nsd}, but printed under its name. */
    public double nsdMeanOfSides(double toleranceMm) {
        return (predictionToReference.fractionWithin(toleranceMm) + referenceToPrediction.fractionWithin(toleranceMm))
                / 2;
    }

    private double weight() {
        return predictionToReference.weight() + referenceToPrediction.weight();
    }

    /** One direction: the points of a surface, in parts that may be measured on any thread. */
    private static final class DirectedSearch {

        private static final int ROWS_PER_PART = 2048;
        private static final int SWEPT_ROWS_PER_PART = 256;

        /** Fewer queries are searched for without asking what that costs. */
        private static final int FEW_QUERIES = 2048;

        /** From so many shared points of a word on, the codes of all 64 are read at once. */
        private static final int MANY_SHARED = 12;

        /** About so many words are read for a query, or work done that takes as long. */
        private static final int WORDS_OF_QUERY = 16;

        private static final int SAMPLED_ROWS = 32;
        private static final int SAMPLED_OF_ROW = 16;

        private final Surface from;
        private final PointSet to;
        private final NearestPoint nearest;
        private final CancelSignal cancel;
        /** Null if each query is searched for. */
        private final RowSweep.@Nullable Columns columns;
        /** Slices of a part or, if rows are swept, rows of each slice. */
        private final int slicesPerPart;

        private final long queries;
        private final int rows;

        DirectedSearch(Surface from, PointSet to, Spacing spacing, CancelSignal cancel) {
            this.from = from;
            this.to = to;
            this.cancel = cancel;
            PointSet q = from.points();
            nearest = new NearestPoint(to, q.box(), spacing, 0);
            long n = 0;
            int occupied = 0;
            for (int k = 0; k < q.nz; k++) {
                for (int j = 0; j < q.ny; j++) {
                    int ofRow = queriesOfRow(j, k);
                    n += ofRow;
                    occupied += ofRow > 0 ? 1 : 0;
                }
            }
            queries = n;
            rows = occupied;
            columns = cheaperSwept();
            slicesPerPart = columns == null
                    ? Math.max(1, ROWS_PER_PART / Math.max(1, q.ny))
                    : Math.max(1, SWEPT_ROWS_PER_PART / Math.max(1, q.nz));
        }

        /** What a sweep needs if it is cheaper than searching, as a sample of the queries tells. */
        private RowSweep.@Nullable Columns cheaperSwept() {
            PointSet q = from.points();
            if (queries < FEW_QUERIES) {
                return null;
            }
            RowSweep.Columns candidate = new RowSweep.Columns(to);
            double sweep = candidate.steps(to, q.ny, rows, queries);
            NearestPoint.Search search = nearest.search();
            long steps = 0;
            long sampled = 0;
            int every = Math.max(1, rows / SAMPLED_ROWS);
            int row = 0;
            for (int k = 0; k < q.nz && steps < sweep; k++) {
                for (int j = 0; j < q.ny; j++) {
                    if (queriesOfRow(j, k) > 0 && row++ % every == every / 2) {
                        int n = 0;
                        long before = 0;
                        for (int i = 1; i < q.stride - 1 && n <= SAMPLED_OF_ROW; i++) {
                            int wordX = q.wordX0 + i;
                            long left = queries(i, j, k);
                            for (; left != 0 && n <= SAMPLED_OF_ROW; left &= left - 1) {
                                search.squared((wordX << 6) + Long.numberOfTrailingZeros(left), q.y0 + j, q.z0 + k);
                                // The first of a row has no neighbour to start from, as most others have.
                                if (n++ == 0) {
                                    before = search.steps();
                                }
                            }
                        }
                        if (n > 1) {
                            sampled += n - 1;
                            steps += search.steps() - before;
                        }
                    }
                }
            }
            return sampled > 0 && (double) steps / sampled * queries > sweep ? candidate : null;
        }

        private int queriesOfRow(int j, int k) {
            int n = 0;
            for (int i = 1; i < from.points().stride - 1; i++) {
                n += Long.bitCount(queries(i, j, k));
            }
            return n;
        }

        /** The points of a word that are not points of the other set. */
        private long queries(int i, int j, int k) {
            PointSet q = from.points();
            long points = q.words[(k * q.ny + j) * q.stride + i];
            return points == 0 ? 0 : points & ~to.word(q.wordX0 + i, q.y0 + j, q.z0 + k);
        }

        int parts() {
            PointSet q = from.points();
            return ((columns == null ? q.nz : q.ny) + slicesPerPart - 1) / slicesPerPart;
        }

        /** What all parts take, as {@link Parts} counts it. */
        long words() {
            return from.points().words.length + WORDS_OF_QUERY * queries;
        }

        DistanceCounts part(int part) {
            Tally tally = new Tally();
            PointSet q = from.points();
            int first = part * slicesPerPart;
            if (columns == null) {
                DistanceLookup search = nearest.search();
                for (int k = first; k < Math.min(q.nz, first + slicesPerPart); k++) {
                    cancel.check();
                    for (int j = 0; j < q.ny; j++) {
                        row(j, k, search, tally);
                    }
                }
            } else {
                DistanceLookup sweep = nearest.sweep(columns);
                for (int j = first; j < Math.min(q.ny, first + slicesPerPart); j++) {
                    for (int k = 0; k < q.nz; k++) {
                        cancel.check();
                        row(j, k, sweep, tally);
                    }
                }
            }
            for (int code = 0; code < tally.touching.length; code++) {
                if (tally.touching[code] != 0) {
                    tally.distances.add(0.0, from.classOf()[code], tally.touching[code]);
                }
            }
            return tally.distances;
        }

        private void row(int j, int k, DistanceLookup lookup, Tally tally) {
            PointSet q = from.points();
            int row = (k * q.ny + j) * q.stride;
            for (int i = 1; i < q.stride - 1; i++) {
                long points = q.words[row + i];
                if (points != 0) {
                    word(points, q.wordX0 + i, q.y0 + j, q.z0 + k, lookup, tally);
                }
            }
        }

        private void word(long points, int wordX, int y, int z, DistanceLookup lookup, Tally tally) {
            long shared = points & to.word(wordX, y, z);
            int x = wordX << 6;
            Surface.Neighbourhood around = from.around(wordX, y, z);
            if (around == null) {
                tally.touching[0] += Long.bitCount(shared);
                for (long left = points & ~shared; left != 0; left &= left - 1) {
                    tally.distances.add(lookup.squared(x + Long.numberOfTrailingZeros(left), y, z), 0, 1);
                }
                return;
            }
            if (Long.bitCount(shared) >= MANY_SHARED) {
                around.addCodes(shared, tally.touching);
            } else {
                for (long left = shared; left != 0; left &= left - 1) {
                    tally.touching[Surface.code(around, Long.numberOfTrailingZeros(left))]++;
                }
            }
            for (long left = points & ~shared; left != 0; left &= left - 1) {
                int bit = Long.numberOfTrailingZeros(left);
                tally.distances.add(lookup.squared(x + bit, y, z), from.classAt(around, bit), 1);
            }
        }

        /** What one part counts. */
        private static final class Tally {

            final DistanceCounts distances = new DistanceCounts();
            /** How many points of both surfaces have each neighbourhood code. */
            final long[] touching = new long[256];
        }
    }
}
