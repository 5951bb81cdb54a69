package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.metric.instance.BratsLesions;
import org.segmeter.metric.instance.Components;
import org.segmeter.metric.instance.Detection;
import org.segmeter.metric.instance.InstanceMatching;
import org.segmeter.metric.instance.LesionScores;
import org.segmeter.metric.instance.MatchRule;
import org.segmeter.metric.instance.MedpyObjects;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Parts;

/** The objects of one pair of masks: found and matched once for each rule, read by every metric and protocol. */
final class InstanceMeasurement {

    /** Metrics that measure lengths along the axes of the grid. */
    private static final Set<String> OF_LENGTHS = Set.of(
            "instance_hd",
            "instance_hd95",
            "instance_masd",
            "instance_assd",
            "instance_nsd",
            "instance_nsd_mean_of_sides",
            "instance_centroid_distance",
            "lesion_tp",
            "lesion_fp",
            "lesion_fn",
            "lesion_wise_dice",
            "lesion_wise_hd95",
            "lesion_wise_nsd",
            "object_assd");

    private record Key(Connectivity connectivity, double iou, boolean above, boolean greedy) {}

    private record PairKey(Key matching, SurfaceModel model, Spacing spacing) {}

    private record DetectionKey(@Nullable Key matching, Connectivity connectivity, List<Double> limitsMl) {}

    private final Grid grid;
    private final BitMask prediction;
    private final BitMask reference;
    private final @Nullable Spacing spacing;
    private final CancelSignal cancel;
    /** Of the prediction, then of the reference. */
    private final Map<Connectivity, List<Components>> components = new EnumMap<>(Connectivity.class);

    private final Map<Key, InstanceMatching> matchings = new HashMap<>();
    private final Map<PairKey, LesionScores> pairs = new HashMap<>();
    private final Map<DetectionKey, Detection> detections = new HashMap<>();
    private final Map<BratsLesions.Rules, BratsLesions> lesions = new HashMap<>();
    private final Map<Connectivity, MedpyObjects> objects = new EnumMap<>(Connectivity.class);

    InstanceMeasurement(Grid grid, Mask prediction, Mask reference, CancelSignal cancel) {
        this.grid = grid;
        this.prediction = prediction.toBitMask();
        this.reference = reference.toBitMask();
        this.spacing = Spacing.of(grid).orElse(null);
        this.cancel = cancel;
    }

    /** True if the metric can be computed on this grid: lengths need axes at right angles. */
    boolean isPossible(String metric) {
        return spacing != null || !OF_LENGTHS.contains(metric);
    }

    /** The values of a metric; either mask may be empty. */
    List<Reading> read(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return switch (metric.name()) {
            case "instances_prediction" ->
                List.of(count(metric, numbers, matching(metric, numbers).predictions()));
            case "instances_reference" ->
                List.of(count(metric, numbers, matching(metric, numbers).references()));
            case "instances_tp" ->
                List.of(count(metric, numbers, matching(metric, numbers).truePositives()));
            case "instances_fp" ->
                List.of(count(metric, numbers, matching(metric, numbers).falsePositives()));
            case "instances_fn" ->
                List.of(count(metric, numbers, matching(metric, numbers).falseNegatives()));
            case "instances_precision" ->
                List.of(matched(
                        metric, numbers, matching(metric, numbers).precision().orElse(Double.NaN)));
            case "instances_recall" ->
                List.of(matched(
                        metric, numbers, matching(metric, numbers).recall().orElse(Double.NaN)));
            case "rq" -> List.of(matched(metric, numbers, recognition(metric, numbers)));
            case "sq" -> List.of(matched(metric, numbers, segmentation(metric, numbers)));
            case "pq" -> List.of(matched(metric, numbers, panoptic(metric, numbers)));
            case "instance_dice" -> List.of(matched(metric, numbers, mean(metric, numbers, LesionScores.Pair::dice)));
            case "pq_dice" ->
                List.of(matched(
                        metric,
                        numbers,
                        mean(metric, numbers, LesionScores.Pair::dice)
                                * matching(metric, numbers).recognitionQuality().orElse(Double.NaN)));
            case "instance_hd" ->
                List.of(matched(
                        metric,
                        numbers,
                        mean(metric, numbers, p -> p.distances().hausdorff())));
            case "instance_hd95" -> {
                PercentileRule rule = DistanceMeasurement.rule(metric);
                yield List.of(matched(
                        metric,
                        numbers,
                        mean(metric, numbers, p -> p.distances().percentile(95, rule))));
            }
            case "instance_masd" ->
                List.of(matched(
                        metric,
                        numbers,
                        mean(metric, numbers, p -> p.distances().masd())));
            case "instance_assd" ->
                List.of(matched(
                        metric,
                        numbers,
                        mean(metric, numbers, p -> p.distances().assd())));
            case "instance_nsd" ->
                withinTolerances(metric, numbers, (p, t) -> p.distances().nsd(t));
            case "instance_nsd_mean_of_sides" ->
                withinTolerances(metric, numbers, (p, t) -> p.distances().nsdMeanOfSides(t));
            case "instance_centroid_distance" ->
                List.of(matched(metric, numbers, mean(metric, numbers, LesionScores.Pair::centreDistanceMm)));
            case "instance_relative_volume_difference" -> {
                Connectivity c = connectivity(metric);
                yield List.of(matched(
                        metric,
                        numbers,
                        mean(
                                metric,
                                numbers,
                                p -> (double) predicted(c).size(p.match().prediction())
                                                / referenced(c).size(p.match().reference())
                                        - 1)));
            }
            case "false_positive_volume_ml" ->
                List.of(found(metric, numbers, ml(detection(metric, numbers).falsePositiveVoxels())));
            case "false_negative_volume_ml" ->
                List.of(found(metric, numbers, ml(detection(metric, numbers).falseNegativeVoxels())));
            case "largest_spurious_ml" ->
                List.of(found(metric, numbers, ml(detection(metric, numbers).largestSpurious())));
            case "largest_missed_ml" ->
                List.of(found(metric, numbers, ml(detection(metric, numbers).largestMissed())));
            case "instances_recall_by_size" ->
                bySize(metric, numbers, s -> s.references() == 0 ? Double.NaN : (double) s.found() / s.references());
            case "instances_reference_by_size" -> bySize(metric, numbers, s -> (long) s.references());
            case "lesion_tp" -> List.of(lesion(numbers, (long) lesions(numbers).truePositives()));
            case "lesion_fp" -> List.of(lesion(numbers, (long) lesions(numbers).falsePositives()));
            case "lesion_fn" -> List.of(lesion(numbers, (long) lesions(numbers).falseNegatives()));
            case "lesion_wise_dice" -> List.of(lesion(numbers, lesions(numbers).dice()));
            case "lesion_wise_hd95" -> List.of(lesion(numbers, lesions(numbers).hd95()));
            case "lesion_wise_nsd" -> {
                List<Reading> list = new ArrayList<>();
                for (double tolerance : numbers.getOrDefault("toleranceMm", List.of())) {
                    Map<String, Object> parameters = new LinkedHashMap<>();
                    parameters.put("toleranceMm", tolerance);
                    parameters.putAll(lesion(numbers, 0.0).parameters());
                    list.add(new Reading(lesions(numbers).nsd(tolerance), parameters, null));
                }
                yield list;
            }
            case "object_tpr" -> List.of(object(metric, objects(metric).truePositiveRate()));
            case "object_fpr" -> List.of(object(metric, objects(metric).falsePositiveRate()));
            case "object_assd" ->
                List.of(object(
                        metric,
                        objects(metric).averageSymmetricDistance(lengths(metric), connectivity(metric), cancel)));
            default -> throw new IllegalStateException("nothing computes the metric " + metric.name());
        };
    }

    private static Connectivity connectivity(Protocol.Metric metric) {
        return Connectivity.of(Integer.parseInt(metric.choice("connectivity", "26")));
    }

    private Components predicted(Connectivity connectivity) {
        return components(connectivity).getFirst();
    }

    private Components referenced(Connectivity connectivity) {
        return components(connectivity).getLast();
    }

    /** Both sides at the same time: of noise each takes as long as everything else. */
    private List<Components> components(Connectivity connectivity) {
        return components.computeIfAbsent(
                connectivity,
                c -> Parts.of(2, 8L * (prediction.words().length + reference.words().length))
                        .mapToObj(i -> Components.of(i == 0 ? prediction : reference, c))
                        .toList());
    }

    private static Key key(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return new Key(
                connectivity(metric),
                number(numbers, "matchIou"),
                metric.choice("matchRule", "above").equals("above"),
                metric.choice("matching", "bipartite").equals("greedy"));
    }

    private InstanceMatching matching(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return matching(key(metric, numbers));
    }

    private InstanceMatching matching(Key asked) {
        return matchings.computeIfAbsent(asked, key -> {
            Components p = predicted(key.connectivity);
            Components r = referenced(key.connectivity);
            cancel.check();
            MatchRule rule = new MatchRule(key.iou, key.above);
            return key.greedy ? InstanceMatching.greedy(p, r, rule) : InstanceMatching.of(p, r, rule);
        });
    }

    private double recognition(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        InstanceMatching m = matching(metric, numbers);
        return m.truePositives() / ((m.predictions() + m.references()) / 2.0 + number(numbers, "smooth"));
    }

    private double segmentation(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        InstanceMatching m = matching(metric, numbers);
        double sum = 0;
        for (InstanceMatching.Match match : m.matches()) {
            sum += match.iou();
        }
        return sum / (m.truePositives() + number(numbers, "smooth"));
    }

    private double panoptic(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        return number(numbers, "smooth") == 0
                ? matching(metric, numbers).panopticQuality().orElse(Double.NaN)
                : recognition(metric, numbers) * segmentation(metric, numbers);
    }

    private double mean(
            Protocol.Metric metric, Map<String, List<Double>> numbers, ToDoubleFunction<LesionScores.Pair> value) {
        Key key = key(metric, numbers);
        LesionScores scores = pairs.computeIfAbsent(
                new PairKey(key, DistanceMeasurement.model(metric), lengths(metric)),
                k -> LesionScores.of(
                        predicted(key.connectivity),
                        referenced(key.connectivity),
                        matching(key),
                        k.spacing,
                        k.model,
                        cancel));
        return scores.mean(value);
    }

    /** Without right angles there are no lengths: then only ratios are asked for, and any unit serves. */
    private Spacing lengths(Protocol.Metric metric) {
        return spacing == null ? Spacing.VOXELS : DistanceMeasurement.spacing(metric, spacing);
    }

    private interface WithTolerance {
        double of(LesionScores.Pair pair, double tolerance);
    }

    private List<Reading> withinTolerances(
            Protocol.Metric metric, Map<String, List<Double>> numbers, WithTolerance value) {
        List<Reading> list = new ArrayList<>();
        for (double tolerance : numbers.getOrDefault("toleranceMm", List.of())) {
            Map<String, Object> parameters = new LinkedHashMap<>();
            parameters.put("toleranceMm", tolerance);
            parameters.putAll(parameters(metric, numbers));
            list.add(new Reading(mean(metric, numbers, p -> value.of(p, tolerance)), parameters, null));
        }
        return list;
    }

    private static Map<String, Object> parameters(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("connectivity", connectivity(metric).neighbours());
        parameters.put("matchIou", number(numbers, "matchIou"));
        return parameters;
    }

    private static Reading count(Protocol.Metric metric, Map<String, List<Double>> numbers, long value) {
        return new Reading(value, parameters(metric, numbers), null);
    }

    private static Reading matched(Protocol.Metric metric, Map<String, List<Double>> numbers, double value) {
        return new Reading(value, parameters(metric, numbers), null);
    }

    private Detection detection(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        Connectivity connectivity = connectivity(metric);
        boolean touch = byTouch(metric);
        return detections.computeIfAbsent(
                new DetectionKey(
                        touch ? null : key(metric, numbers),
                        connectivity,
                        numbers.getOrDefault("limitsMl", List.of()).stream()
                                .sorted()
                                .distinct()
                                .toList()),
                key -> {
                    Components p = predicted(connectivity);
                    Components r = referenced(connectivity);
                    double volume = grid.voxelVolumeMm3();
                    return key.matching == null
                            ? Detection.byTouch(p, r, volume, key.limitsMl)
                            : Detection.of(p, r, matching(key.matching), volume, key.limitsMl);
                });
    }

    private static boolean byTouch(Protocol.Metric metric) {
        return metric.choice("foundBy", "touch").equals("touch");
    }

    private static Map<String, Object> detectionParameters(Protocol.Metric metric, Map<String, List<Double>> numbers) {
        if (!byTouch(metric)) {
            return parameters(metric, numbers);
        }
        return Map.of("connectivity", connectivity(metric).neighbours());
    }

    private static Reading found(Protocol.Metric metric, Map<String, List<Double>> numbers, double value) {
        return new Reading(value, detectionParameters(metric, numbers), null);
    }

    private interface OfClass {
        Number of(Detection.SizeClass sizeClass);
    }

    private List<Reading> bySize(Protocol.Metric metric, Map<String, List<Double>> numbers, OfClass value) {
        List<Reading> list = new ArrayList<>();
        for (Detection.SizeClass s : detection(metric, numbers).bySize()) {
            Map<String, Object> parameters = new LinkedHashMap<>();
            parameters.put("fromMl", s.fromMl());
            if (Double.isFinite(s.toMl())) {
                parameters.put("toMl", s.toMl());
            }
            parameters.putAll(detectionParameters(metric, numbers));
            list.add(new Reading(value.of(s), parameters, null));
        }
        return list;
    }

    private BratsLesions lesions(Map<String, List<Double>> numbers) {
        BratsLesions.Rules rules = new BratsLesions.Rules(
                (int) Math.round(number(numbers, "dilation")),
                number(numbers, "ignoredUpToMm3"),
                number(numbers, "penaltyMm"));
        Spacing mm = spacing;
        if (mm == null) {
            throw new IllegalStateException("lesions are measured in mm: ask isPossible first");
        }
        return lesions.computeIfAbsent(
                rules, r -> BratsLesions.of(prediction, reference, grid.box(), mm, grid.voxelVolumeMm3(), r, cancel));
    }

    private static Reading lesion(Map<String, List<Double>> numbers, Number value) {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("dilation", number(numbers, "dilation"));
        parameters.put("ignoredUpToMm3", number(numbers, "ignoredUpToMm3"));
        return new Reading(value, parameters, null);
    }

    private MedpyObjects objects(Protocol.Metric metric) {
        return objects.computeIfAbsent(connectivity(metric), c -> MedpyObjects.of(predicted(c), referenced(c)));
    }

    private static Reading object(Protocol.Metric metric, double value) {
        return new Reading(value, Map.of("connectivity", connectivity(metric).neighbours()), null);
    }

    private double ml(long voxels) {
        return voxels * grid.voxelVolumeMm3() / 1000;
    }

    private static double number(Map<String, List<Double>> numbers, String parameter) {
        List<Double> list = numbers.get(parameter);
        return list == null || list.isEmpty() ? 0 : list.getFirst();
    }
}
