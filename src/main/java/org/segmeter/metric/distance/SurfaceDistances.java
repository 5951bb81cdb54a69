package org.segmeter.metric.distance;

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
        NearSteps steps = NearSteps.of(spacing);
        DirectedSearch forth = new DirectedSearch(p, toReference, steps, cancel);
        DirectedSearch back = new DirectedSearch(r, toPrediction, steps, cancel);
        DistanceCounts[] sums = {new DistanceCounts(), new DistanceCounts()};
        int n = forth.parts();
        Parts.of(n + back.parts(), forth.words() + back.words())
                .forEach(i -> add(i < n ? forth.part(i) : back.part(i - n), sums[i < n ? 0 : 1]));
        List<Optional<FarSearch>> far = Parts.of(2, (long) toReference.words.length + toPrediction.words.length)
                .mapToObj(i -> Optional.ofNullable((i == 0 ? forth : back).far(spacing)))
                .toList();
        for (int i = 0; i < 2; i++) {
            DistanceCounts sum = sums[i];
            far.get(i)
                    .ifPresent(search ->
                            Parts.of(search.parts(), search.words()).forEach(part -> add(search.part(part), sum)));
        }
        return sums;
    }

    /** In whatever order: counts of all parts together take more than the surfaces. */
    private static void add(DistanceCounts part, DistanceCounts sum) {
        synchronized (sum) {
            sum.addAll(part);
        }
    }

    private static long words(BitMask one, BitMask other) {
        return (long) one.words().length + other.words().length;
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
}
