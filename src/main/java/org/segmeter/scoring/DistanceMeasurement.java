package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.segmeter.metric.distance.BoundaryIou;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.ScoredVoxels;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;

/** The surface distances of one pair of masks: measured once for each surface model, read by every metric and protocol. */
final class DistanceMeasurement {

    private record Key(SurfaceModel model, Spacing spacing) {}

    private final Grid grid;
    private final BitMask prediction;
    private final BitMask reference;
    private final Optional<Spacing> spacing;
    private final Coverage coverage;
    private final CancelSignal cancel;
    private final Map<Key, Optional<SurfaceDistances>> measured = new HashMap<>();

    /** @param coverage what is scored: all voxels of both masks are */
    DistanceMeasurement(Grid grid, Mask prediction, Mask reference, Coverage coverage, CancelSignal cancel) {
        this.grid = grid;
        this.coverage = coverage;
        this.prediction = prediction.toBitMask();
        this.reference = reference.toBitMask();
        this.spacing = Spacing.of(grid);
        this.cancel = cancel;
    }

    /** True if lengths along the axes tell distances: the axes are at right angles. */
    boolean isPossible() {
        return spacing.isPresent();
    }

    /** The values of a metric; the masks both have voxels. */
    List<Reading> read(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return switch (metric.name()) {
            case "hd" -> one(metric, SurfaceDistances::hausdorff);
            case "hd95" -> one(metric, d -> d.percentile(95, rule(metric)));
            case "hd_percentile" -> each(metric, numbers, "percent", (d, p) -> d.percentile(p, rule(metric)));
            case "hd_prediction_to_reference" ->
                one(metric, d -> d.predictionToReference().max());
            case "hd_reference_to_prediction" ->
                one(metric, d -> d.referenceToPrediction().max());
            case "masd" -> one(metric, SurfaceDistances::masd);
            case "assd" -> one(metric, SurfaceDistances::assd);
            case "asd_prediction_to_reference" ->
                one(metric, d -> d.predictionToReference().mean());
            case "asd_reference_to_prediction" ->
                one(metric, d -> d.referenceToPrediction().mean());
            case "rms_surface_distance" -> one(metric, SurfaceDistances::rms);
            case "median_surface_distance" -> one(metric, SurfaceDistances::median);
            case "nsd" -> each(metric, numbers, "toleranceMm", SurfaceDistances::nsd);
            case "nsd_mean_of_sides" -> each(metric, numbers, "toleranceMm", SurfaceDistances::nsdMeanOfSides);
            case "surface_overlap_prediction" ->
                each(
                        metric,
                        numbers,
                        "toleranceMm",
                        (d, t) -> d.predictionToReference().fractionWithin(t));
            case "surface_overlap_reference" ->
                each(
                        metric,
                        numbers,
                        "toleranceMm",
                        (d, t) -> d.referenceToPrediction().fractionWithin(t));
            case "surface_area_prediction_mm2" ->
                one(metric, d -> d.predictionToReference().weight());
            case "surface_area_reference_mm2" ->
                one(metric, d -> d.referenceToPrediction().weight());
            case "boundary_iou" -> boundary(numbers.getOrDefault("toleranceMm", List.of()));
            case "boundary_iou_voxels" -> boundaryInVoxels(numbers.getOrDefault("distanceVoxels", List.of()));
            case "boundary_iou_2d" -> boundaryInSlices(numbers.getOrDefault("diagonalFraction", List.of()));
            default -> throw new IllegalStateException("nothing computes the metric " + metric.name());
        };
    }

    private interface Measure {
        double of(SurfaceDistances distances, double setting);
    }

    private List<Reading> one(Protocol.Metric metric, ToDoubleFunction<SurfaceDistances> measure) {
        return List.of(Reading.of(read(metric, measure)));
    }

    private List<Reading> each(
            Protocol.Metric metric, Map<String, List<Double>> numbers, String parameter, Measure measure) {
        List<Reading> list = new ArrayList<>();
        for (double setting : numbers.getOrDefault(parameter, List.of())) {
            list.add(Reading.of(read(metric, d -> measure.of(d, setting)), parameter, setting));
        }
        return list;
    }

    private List<Reading> boundary(List<Double> tolerances) {
        List<Reading> list = new ArrayList<>();
        for (double tolerance : tolerances) {
            list.add(Reading.of(
                    BoundaryIou.inMm(prediction, reference, spacing.orElseThrow(), tolerance, cancel),
                    "toleranceMm",
                    tolerance));
        }
        return list;
    }

    private List<Reading> boundaryInVoxels(List<Double> distances) {
        List<Reading> list = new ArrayList<>();
        for (double distance : distances) {
            list.add(Reading.of(
                    BoundaryIou.inVoxels(prediction, reference, distance, cancel), "distanceVoxels", distance));
        }
        return list;
    }

    private List<Reading> boundaryInSlices(List<Double> fractions) {
        List<Reading> list = new ArrayList<>();
        for (double fraction : fractions) {
            int erosions = Math.max(1, (int) Math.rint(fraction * Math.hypot(grid.nx(), grid.ny())));
            list.add(Reading.of(
                    BoundaryIou.inSlices(prediction, reference, erosions, cancel), "diagonalFraction", fraction));
        }
        return list;
    }

    private double read(Protocol.Metric metric, ToDoubleFunction<SurfaceDistances> measure) {
        Optional<SurfaceDistances> distances = distances(metric);
        return distances.isPresent() ? measure.applyAsDouble(distances.get()) : Double.NaN;
    }

    /** Empty if a side has no surface where it is known. */
    private Optional<SurfaceDistances> distances(Protocol.Metric metric) {
        return measured.computeIfAbsent(
                new Key(model(metric), spacing(metric, spacing.orElseThrow())), key -> measure(key.model, key.spacing));
    }

    private Optional<SurfaceDistances> measure(SurfaceModel model, Spacing units) {
        if (coverage.isAll()) {
            return Optional.of(SurfaceDistances.between(prediction, reference, units, model, cancel));
        }
        ScoredVoxels scored = coverage.around(prediction, reference);
        if (!coverage.isSparse()) {
            return SurfaceDistances.between(prediction, reference, units, model, scored, cancel);
        }
        return coverage.sliceAxis() < 0
                ? Optional.empty()
                : SurfaceDistances.inSlices(
                        prediction, reference, units, model, coverage.sliceAxis(), coverage.slices(), scored, cancel);
    }

    /** The surface model that a metric is measured with. */
    static SurfaceModel model(Protocol.Metric metric) {
        return switch (metric.choice("surface", "area-weighted")) {
            case "area-weighted" -> SurfaceModel.AREA_WEIGHTED;
            case "triangle-mesh" -> SurfaceModel.TRIANGLE_MESH;
            case "voxel-faces" -> SurfaceModel.VOXEL_FACES;
            case "boundary-6" -> SurfaceModel.BOUNDARY_6;
            case "boundary-18" -> SurfaceModel.BOUNDARY_18;
            case "boundary-26" -> SurfaceModel.BOUNDARY_26;
            case "boundary-6-to-region" -> SurfaceModel.BOUNDARY_6_TO_REGION;
            default -> SurfaceModel.REGION;
        };
    }

    /** The spacing that a metric is measured with: the grid's, or what a tool takes in its place. */
    static Spacing spacing(Protocol.Metric metric, Spacing ofGrid) {
        return switch (metric.choice("spacing", "mm")) {
            case "voxels" -> Spacing.VOXELS;
            case "1.5 mm" -> new Spacing(1.5, 1.5, 1.5);
            default -> ofGrid;
        };
    }

    /** How the directed distances become one percentile. */
    static PercentileRule rule(Protocol.Metric metric) {
        return switch (metric.choice("percentileRule", "area-step")) {
            case "area-step" -> PercentileRule.AREA_STEP_LARGER;
            case "linear-larger" -> PercentileRule.LINEAR_LARGER;
            case "linear-pooled" -> PercentileRule.LINEAR_POOLED;
            case "linear-mean" -> PercentileRule.LINEAR_MEAN;
            default -> PercentileRule.RANK_MEAN;
        };
    }
}
