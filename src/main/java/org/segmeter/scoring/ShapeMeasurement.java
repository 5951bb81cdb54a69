package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.distance.AddedPath;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.slice.SliceSeries;
import org.segmeter.metric.topology.CentrelineDice;
import org.segmeter.metric.topology.Skeleton;
import org.segmeter.metric.topology.Topology;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;

/** The centrelines, the topology and the slices of one pair of masks: each measured once, read by every metric and protocol. */
final class ShapeMeasurement {

    private record PathKey(int axis, double toleranceMm) {}

    /** @param axis of the slices that are thinned one by one; -1 for the mask in three dimensions */
    private record CentrelineKey(Skeleton.Rule rule, int axis) {}

    /** A mask turned so that an axis lies along z. */
    private record Turned(BitMask prediction, BitMask reference) {}

    private final BitMask prediction;
    private final BitMask reference;
    private final @Nullable Spacing spacing;
    private final CancelSignal cancel;
    private final Map<Connectivity, Topology> predictionTopology = new EnumMap<>(Connectivity.class);
    private final Map<Connectivity, Topology> referenceTopology = new EnumMap<>(Connectivity.class);
    private final Map<CentrelineKey, CentrelineDice> centrelines = new HashMap<>();
    private final Map<Integer, SliceSeries> series = new HashMap<>();
    private final Map<Integer, Turned> turned = new HashMap<>();
    private final Map<PathKey, AddedPath> paths = new HashMap<>();

    ShapeMeasurement(Grid grid, Mask prediction, Mask reference, CancelSignal cancel) {
        this.prediction = prediction.toBitMask();
        this.reference = reference.toBitMask();
        this.spacing = Spacing.of(grid).orElse(null);
        this.cancel = cancel;
    }

    /** True if the metric can be computed on this grid: lengths need axes at right angles. */
    boolean isPossible(String metric) {
        return spacing != null || !(metric.startsWith("added_path") || metric.equals("edited_slices_fraction"));
    }

    /** The values of a metric; either mask may be empty. */
    List<Reading> read(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return switch (metric.name()) {
            case "cldice" -> List.of(centreline(metric, centrelines(metric).value()));
            case "topology_precision" ->
                List.of(centreline(metric, centrelines(metric).topologyPrecision()));
            case "topology_sensitivity" ->
                List.of(centreline(metric, centrelines(metric).topologySensitivity()));
            case "skeleton_voxels_prediction" ->
                List.of(new Reading(centrelines(metric).predictionLength(), centrelineParameters(metric), null));
            case "skeleton_voxels_reference" ->
                List.of(new Reading(centrelines(metric).referenceLength(), centrelineParameters(metric), null));
            case "euler_characteristic_prediction" -> one(metric, true, Topology::eulerCharacteristic);
            case "euler_characteristic_reference" -> one(metric, false, Topology::eulerCharacteristic);
            case "euler_characteristic_error" -> error(metric, Topology::eulerCharacteristic);
            case "betti_0_prediction" -> one(metric, true, Topology::parts);
            case "betti_0_reference" -> one(metric, false, Topology::parts);
            case "betti_0_error" -> error(metric, Topology::parts);
            case "betti_1_prediction" -> one(metric, true, Topology::tunnels);
            case "betti_1_reference" -> one(metric, false, Topology::tunnels);
            case "betti_1_error" -> error(metric, Topology::tunnels);
            case "betti_2_prediction" -> one(metric, true, Topology::cavities);
            case "betti_2_reference" -> one(metric, false, Topology::cavities);
            case "betti_2_error" -> error(metric, Topology::cavities);
            case "slice_series" -> {
                SliceSeries slices = series(axis(metric));
                yield List.of(new Reading((long) slices.slices().size(), axisOf(metric), counts(slices)));
            }
            case "worst_slice_dice" ->
                List.of(new Reading(
                        series(axis(metric))
                                .worst()
                                .map(SliceSeries.Slice::dice)
                                .orElse(Double.NaN),
                        axisOf(metric),
                        null));
            case "worst_slice_index" -> {
                Number index = Double.NaN;
                if (series(axis(metric)).worst().isPresent()) {
                    index = (long) series(axis(metric)).worst().orElseThrow().index();
                }
                yield List.of(new Reading(index, axisOf(metric), null));
            }
            case "differing_slices_fraction" ->
                List.of(new Reading(series(axis(metric)).differingFraction().orElse(Double.NaN), axisOf(metric), null));
            case "added_path_length" -> paths(metric, numbers, AddedPath::lengthMm);
            case "added_path_fraction" -> paths(metric, numbers, p -> p.lengthMm() / p.contourMm());
            case "edited_slices_fraction" -> paths(metric, numbers, p -> (double) p.editedSlices() / p.slices());
            default -> throw new IllegalStateException("nothing computes the metric " + metric.name());
        };
    }

    /** 0, 1 or 2 for x, y or z of the evaluation grid. */
    private static int axis(Protocol.Metric metric) {
        return "xyz".indexOf(metric.choice("axis", "z"));
    }

    private static Map<String, Object> axisOf(Protocol.Metric metric) {
        return Map.of("axis", metric.choice("axis", "z"));
    }

    private SliceSeries series(int axis) {
        return series.computeIfAbsent(axis, a -> SliceSeries.of(prediction, reference, a));
    }

    private static MetricValue.@Nullable Series counts(SliceSeries slices) {
        if (slices.slices().isEmpty()) {
            return null;
        }
        int first = slices.slices().getFirst().index();
        int n = slices.slices().getLast().index() - first + 1;
        Long[] tp = new Long[n];
        Long[] fp = new Long[n];
        Long[] fn = new Long[n];
        Arrays.fill(tp, 0L);
        Arrays.fill(fp, 0L);
        Arrays.fill(fn, 0L);
        for (SliceSeries.Slice s : slices.slices()) {
            tp[s.index() - first] = s.tp();
            fp[s.index() - first] = s.fp();
            fn[s.index() - first] = s.fn();
        }
        Map<String, List<Long>> counts = new LinkedHashMap<>();
        counts.put("tp", List.of(tp));
        counts.put("fp", List.of(fp));
        counts.put("fn", List.of(fn));
        return new MetricValue.Series(first, counts);
    }

    private interface OfPath {
        double of(AddedPath path);
    }

    private List<Reading> paths(Protocol.Metric metric, Map<String, List<Double>> numbers, OfPath value) {
        List<Reading> list = new ArrayList<>();
        for (double tolerance : numbers.getOrDefault("toleranceMm", List.of())) {
            AddedPath path = paths.computeIfAbsent(new PathKey(axis(metric), tolerance), this::path);
            Map<String, Object> parameters = new LinkedHashMap<>();
            parameters.put("toleranceMm", tolerance);
            parameters.putAll(axisOf(metric));
            list.add(new Reading(value.of(path), parameters, null));
        }
        return list;
    }

    private AddedPath path(PathKey key) {
        Spacing s = spacing;
        if (s == null) {
            throw new IllegalStateException("paths are measured in mm: ask isPossible first");
        }
        Spacing along =
                key.axis == 2 ? s : key.axis == 1 ? new Spacing(s.x(), s.z(), s.y()) : new Spacing(s.y(), s.z(), s.x());
        Turned masks = turned(key.axis);
        return AddedPath.of(masks.prediction, masks.reference, along, key.toleranceMm, cancel);
    }

    private Turned turned(int axis) {
        return turned.computeIfAbsent(axis, a -> {
            Reindexing turn = switch (a) {
                case 0 -> new Reindexing(1, 2, 0, 1, 1, 1, 0, 0, 0);
                case 1 -> new Reindexing(0, 2, 1, 1, 1, 1, 0, 0, 0);
                default -> Reindexing.NONE;
            };
            return new Turned(
                    turn.apply((Mask) prediction).toBitMask(),
                    turn.apply((Mask) reference).toBitMask());
        });
    }

    private CentrelineDice centrelines(Protocol.Metric metric) {
        Skeleton.Rule rule = metric.choice("skeleton", "keeps-topology").equals("keeps-topology")
                ? Skeleton.Rule.KEEPS_TOPOLOGY
                : Skeleton.Rule.SCIKIT_IMAGE;
        int axis = metric.choice("dimensions", "3d").equals("2d") ? axis(metric) : -1;
        return centrelines.computeIfAbsent(new CentrelineKey(rule, axis), key -> {
            if (key.axis < 0) {
                return CentrelineDice.of(prediction, reference, key.rule, cancel);
            }
            Turned masks = turned(key.axis);
            return CentrelineDice.bySlice(masks.prediction, masks.reference, key.rule, cancel);
        });
    }

    private static Map<String, Object> centrelineParameters(Protocol.Metric metric) {
        return metric.choice("dimensions", "3d").equals("2d")
                ? Map.of("sliceAxis", metric.choice("axis", "z"))
                : Map.of();
    }

    private static Reading centreline(Protocol.Metric metric, OptionalDouble value) {
        return new Reading(value.orElse(Double.NaN), centrelineParameters(metric), null);
    }

    private static Connectivity connectivity(Protocol.Metric metric) {
        return metric.choice("connectivity", "26").equals("6") ? Connectivity.FACES : Connectivity.CORNERS;
    }

    private Topology topology(Protocol.Metric metric, boolean ofPrediction) {
        return (ofPrediction ? predictionTopology : referenceTopology)
                .computeIfAbsent(connectivity(metric), c -> Topology.of(ofPrediction ? prediction : reference, c));
    }

    private List<Reading> one(Protocol.Metric metric, boolean ofPrediction, ToLongFunction<Topology> number) {
        return List.of(topological(metric, number.applyAsLong(topology(metric, ofPrediction))));
    }

    private List<Reading> error(Protocol.Metric metric, ToLongFunction<Topology> number) {
        return List.of(topological(
                metric,
                Math.abs(number.applyAsLong(topology(metric, true)) - number.applyAsLong(topology(metric, false)))));
    }

    private static Reading topological(Protocol.Metric metric, long value) {
        return new Reading(value, Map.of("connectivity", connectivity(metric).neighbours()), null);
    }
}
