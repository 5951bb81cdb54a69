package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Moments;
import org.segmeter.metric.Overlap;
import org.segmeter.metric.fragility.DiceAnatomy;
import org.segmeter.metric.fragility.Envelope;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Voxels;

/**
 * Everything that is measured on one pair of segments. What several metrics or protocols need (counts, moments, surfaces) is computed
 * when the first asks for it and kept; used by one thread.
 */
final class PairMeasurement {

    /** The metrics that are functions of the confusion matrix alone. */
    private static final Map<String, ToDoubleFunction<ConfusionCounts>> RATIOS = ratios();

    private static final Set<MetricDefinition.Group> OF_VOLUMES = EnumSet.of(
            MetricDefinition.Group.VOLUME,
            MetricDefinition.Group.POSITION,
            MetricDefinition.Group.INSTANCE,
            MetricDefinition.Group.TOPOLOGY);

    /** Metrics of boundaries that cannot leave out the pieces where what is scored ends. */
    private static final Set<String> OF_WHOLE_BOUNDARIES = Set.of(
            "boundary_iou",
            "boundary_iou_voxels",
            "boundary_iou_2d",
            "added_path_length",
            "added_path_fraction",
            "edited_slices_fraction",
            "instance_hd",
            "instance_hd95",
            "instance_masd",
            "instance_assd",
            "instance_nsd",
            "instance_nsd_mean_of_sides",
            "lesion_wise_hd95",
            "lesion_wise_nsd",
            "object_assd");

    private final @Nullable Segment segment;
    private final Grid grid;
    private final Mask prediction;
    private final Mask reference;
    private final ConfusionCounts counts;
    private final Coverage coverage;
    private final CancelSignal cancel;
    private final boolean shapes;
    private final @Nullable LossMeasurement losses;

    /** The sides as bits, once something asks for them: made of scattered points only once, for they take the volume of a box. */
    private @Nullable BitMask predictionBits;

    private @Nullable BitMask referenceBits;
    private @Nullable DistanceMeasurement distances;
    private @Nullable InstanceMeasurement instances;
    private @Nullable ShapeMeasurement form;
    private final Map<Protocol.Metric.Slices, PairMeasurement> cut = new EnumMap<>(Protocol.Metric.Slices.class);
    private @Nullable Moments predictionMoments;
    private @Nullable Moments referenceMoments;

    /**
     * @param segment who the pair is; null for all segments together
     * @param softPrediction the probabilities that {@code prediction} was hardened from, or that mask itself
     * @param protocols that will be asked for
     * @param coverage what is scored: no side has voxels outside it
     * @param shapes false if the voxels are scattered too thinly for surfaces and objects to be worth their cost
     */
    PairMeasurement(
            @Nullable Segment segment,
            Grid grid,
            Mask prediction,
            Mask reference,
            Voxels softPrediction,
            Voxels softReference,
            List<Protocol> protocols,
            boolean shapes,
            Coverage coverage,
            CancelSignal cancel) {
        this.segment = segment;
        this.coverage = coverage;
        this.shapes = shapes;
        this.grid = grid;
        this.prediction = prediction;
        this.reference = reference;
        this.counts = ConfusionCounts.of(prediction, reference, coverage.voxels());
        this.cancel = cancel;
        this.losses = new LossMeasurement(softPrediction, softReference, counts, coverage, protocols, cancel);
    }

    Mask prediction() {
        return prediction;
    }

    Mask reference() {
        return reference;
    }

    /** Tells that others hold the same voxels as bits, so that they are not made again. */
    void share(BitMask prediction, BitMask reference) {
        predictionBits = prediction;
        referenceBits = reference;
    }

    private BitMask predictionBits() {
        BitMask bits = predictionBits;
        if (bits == null) {
            bits = prediction.toBitMask();
            predictionBits = bits;
        }
        return bits;
    }

    private BitMask referenceBits() {
        BitMask bits = referenceBits;
        if (bits == null) {
            bits = reference.toBitMask();
            referenceBits = bits;
        }
        return bits;
    }

    /** Lets go of surfaces, objects and distances once nothing more is asked: of noise they are many times the masks. */
    void letGo() {
        predictionBits = null;
        referenceBits = null;
        distances = null;
        instances = null;
        form = null;
        predictionMoments = null;
        referenceMoments = null;
        cut.clear();
    }

    /** Of counts alone. */
    private PairMeasurement(Grid grid, ConfusionCounts counts, Coverage coverage) {
        this.segment = null;
        this.shapes = false;
        this.coverage = coverage;
        this.grid = grid;
        this.prediction = new BitMask(Box.EMPTY);
        this.reference = prediction;
        this.counts = counts;
        this.cancel = CancelSignal.none();
        this.losses = null;
    }

    /** Of the slices of a pair from {@code z0} to before {@code z1}, and of nothing else of the volume. */
    private PairMeasurement(PairMeasurement whole, int z0, int z1) {
        this.segment = whole.segment;
        this.shapes = whole.shapes;
        this.grid = whole.grid;
        this.prediction = slices(whole.predictionBits(), z0, z1);
        this.reference = slices(whole.referenceBits(), z0, z1);
        // The ends of these slices are edges of the volume, as in the tools that cut it; they are no extent that was
        // declared.
        this.coverage = whole.coverage;
        Box slab = new Box(0, 0, z0, grid.nx(), grid.ny(), Math.max(z0, z1));
        this.counts = ConfusionCounts.of(prediction, reference, coverage.voxelsOf(slab));
        this.cancel = whole.cancel;
        this.losses = null;
    }

    private static BitMask slices(BitMask mask, int z0, int z1) {
        Box box = mask.box();
        Box kept = box.intersection(new Box(box.x0(), box.y0(), z0, box.x1(), box.y1(), Math.max(z0, z1)));
        BitMask cut = new BitMask(kept);
        for (int z = kept.z0(); z < kept.z1(); z++) {
            for (int y = kept.y0(); y < kept.y1(); y++) {
                System.arraycopy(
                        mask.words(),
                        mask.rowStart(y, z) + cut.wordX0() - mask.wordX0(),
                        cut.words(),
                        cut.rowStart(y, z),
                        cut.wordsPerRow());
            }
        }
        return cut;
    }

    /** What is measured where only some slices count: this pair, if they are all. */
    private PairMeasurement within(Protocol.Metric.Slices slices) {
        if (slices == Protocol.Metric.Slices.ALL || counts.emptiness() != MetricValue.State.OK) {
            return this;
        }
        return cut.computeIfAbsent(slices, s -> {
            Box box = reference.box();
            return new PairMeasurement(
                    this, box.z0(), s == Protocol.Metric.Slices.REFERENCE_BUT_LAST ? box.z1() - 1 : box.z1());
        });
    }

    ConfusionCounts counts() {
        return counts;
    }

    /** True if both sides are masks: nothing but their voxels is measured. */
    boolean isHard() {
        return losses != null && losses.isHard();
    }

    /** How much the Dice can bear; null where both are empty. */
    @Nullable
    Fragility fragility() {
        return shapes && !coverage.isSparse() ? fragility(counts, referenceBits()) : null;
    }

    /** What limits the Dice of a pair; null where both sides are empty. */
    static @Nullable Fragility fragility(ConfusionCounts counts, Mask reference) {
        if (counts.emptiness() == MetricValue.State.BOTH_EMPTY) {
            return null;
        }
        return Fragility.of(
                new DiceAnatomy(counts.tp(), counts.fp(), counts.fn(), counts.total()),
                reference.isEmpty() ? null : Envelope.of(reference.toBitMask()));
    }

    /** The metrics that belong to the scorecard's {@code metrics}, or to its {@code loss}. */
    Map<String, List<MetricValue>> measure(AskedMetrics asked, boolean loss) {
        Protocol protocol = asked.protocol();
        ValuesByMetric.Builder result = asked.builder(loss);
        for (AskedMetrics.Entry entry : asked.entries(loss)) {
            Protocol.Metric metric = entry.metric();
            if (protocol.isFor(metric, segment)) {
                List<MetricValue> values = within(metric.slices()).values(entry, protocol);
                result.add(metric.name(), entry.told(values, protocol));
            }
        }
        return result.build();
    }

    private List<MetricValue> values(AskedMetrics.Entry entry, Protocol protocol) {
        Protocol.Metric metric = entry.metric();
        MetricDefinition definition = entry.definition();
        String name = metric.name();
        String unknown = unknown(definition);
        if (unknown != null) {
            return List.of(MetricValue.notApplicable(definition.unit(), unknown));
        }
        switch (name) {
            case "tp" -> {
                return List.of(MetricValue.count(counts.tp()));
            }
            case "fp" -> {
                return List.of(MetricValue.count(counts.fp()));
            }
            case "fn" -> {
                return List.of(MetricValue.count(counts.fn()));
            }
            case "tn" -> {
                return List.of(MetricValue.count(counts.tn()));
            }
            case "volume_prediction_ml" -> {
                return List.of(MetricValue.ok(ml(counts.prediction()), "ml"));
            }
            case "volume_reference_ml" -> {
                return List.of(MetricValue.ok(ml(counts.reference()), "ml"));
            }
            case "volume_difference_ml" -> {
                return List.of(MetricValue.ok(ml(counts.fp() - counts.fn()), "ml"));
            }
            case "absolute_volume_difference_ml" -> {
                return List.of(MetricValue.ok(ml(Math.abs(counts.fp() - counts.fn())), "ml"));
            }
            case "f_beta" -> {
                List<MetricValue> list = new ArrayList<>();
                for (double beta : entry.numbers("beta")) {
                    list.add(ruled(definition, protocol, Overlap.fBeta(counts, beta))
                            .with("beta", beta));
                }
                return list;
            }
            case "ndsc" -> {
                List<MetricValue> list = new ArrayList<>();
                for (double load : entry.numbers("load")) {
                    list.add(ruled(definition, protocol, Overlap.normalisedDice(counts, load))
                            .with("load", load));
                }
                return list;
            }
            case "centroid_distance" -> {
                return List.of(
                        counts.emptiness() == MetricValue.State.OK
                                ? MetricValue.ok(
                                        Moments.centroidDistance(
                                                predictionMoments(), referenceMoments(), grid.indexToPatient()),
                                        "mm")
                                : ruled(definition, protocol, Double.NaN));
            }
            case "mahalanobis" -> {
                return List.of(ruled(
                        definition,
                        protocol,
                        counts.emptiness() == MetricValue.State.OK
                                ? Moments.mahalanobis(predictionMoments(), referenceMoments())
                                : Double.NaN));
            }
            case "balanced_accuracy" -> {
                boolean drop = metric.choice("undefinedRate", "absent").equals("drop");
                return List.of(ruled(
                        definition,
                        protocol,
                        drop ? Overlap.balancedAccuracyOfDefined(counts) : Overlap.balancedAccuracy(counts)));
            }
            case "generalized_dice" -> {
                String weight = metric.choice("weight", "square");
                boolean background = metric.choice("background", "include").equals("include");
                return List.of(ruled(definition, protocol, Overlap.generalizedDice(counts, weight, background))
                        .with("weight", weight)
                        .with("background", background ? "include" : "exclude"));
            }
            default -> {
                if (definition.group() == MetricDefinition.Group.DISTANCE) {
                    return distances(entry, protocol);
                }
                if (definition.group() == MetricDefinition.Group.INSTANCE) {
                    return instances(entry, protocol);
                }
                if (definition.group() == MetricDefinition.Group.TOPOLOGY
                        || definition.group() == MetricDefinition.Group.SLICE) {
                    return form(entry, protocol);
                }
                if (definition.group() == MetricDefinition.Group.LOSS
                        || definition.group() == MetricDefinition.Group.CALIBRATION) {
                    return losses(entry, protocol);
                }
                ToDoubleFunction<ConfusionCounts> ratio = RATIOS.get(name);
                if (ratio == null) {
                    throw new IllegalStateException("nothing computes the metric " + name);
                }
                return List.of(ruled(definition, protocol, ratio.applyAsDouble(counts)));
            }
        }
    }

    /** Why nothing is said of a metric where only a part of the volume is scored; null if something is. */
    private @Nullable String unknown(MetricDefinition definition) {
        if (coverage.isSparse() && OF_VOLUMES.contains(definition.group())) {
            return "The reference is known in single slices only, which tell nothing of a volume.";
        }
        if (!coverage.isAll() && OF_WHOLE_BOUNDARIES.contains(definition.name())) {
            return "Next to voxels that are not scored it is not known where a boundary lies.";
        }
        return null;
    }

    private List<MetricValue> distances(AskedMetrics.Entry entry, Protocol protocol) {
        Protocol.Metric metric = entry.metric();
        MetricDefinition definition = entry.definition();
        Map<String, List<Double>> numbers = entry.numbers();
        if (counts.emptiness() != MetricValue.State.OK) {
            // One surface without the other: no distance; of a share within a tolerance, none of it.
            double formula = definition.unit().equals("1") && counts.emptiness() != MetricValue.State.BOTH_EMPTY
                    ? 0
                    : Double.NaN;
            Optional<String> parameter = definition.numbers().entrySet().stream()
                    .filter(p -> p.getValue().list())
                    .map(Map.Entry::getKey)
                    .findFirst();
            if (parameter.isEmpty()) {
                return List.of(ruled(definition, protocol, formula));
            }
            return numbers.getOrDefault(parameter.get(), List.of()).stream()
                    .map(setting -> ruled(definition, protocol, formula).with(parameter.get(), setting))
                    .toList();
        }
        if (!shapes) {
            return entry.scattered();
        }
        if (distances == null) {
            distances = new DistanceMeasurement(grid, predictionBits(), referenceBits(), coverage, cancel);
        }
        if (!distances.isPossible()) {
            return List.of(sheared(definition));
        }
        boolean refused = Overlap.dice(counts) < metric.number("zeroBelowDice", 0);
        return distances.read(metric, numbers).stream()
                .map(r -> distance(refused ? new Reading(0.0, r.parameters(), null) : r, definition, protocol))
                .toList();
    }

    /** A reading of distances; where only a part of the volume is scored there may be none to read. */
    private MetricValue distance(Reading reading, MetricDefinition definition, Protocol protocol) {
        if (coverage.isAll() || Double.isFinite(reading.value().doubleValue())) {
            return value(reading, definition, protocol);
        }
        MetricValue none = MetricValue.notApplicable(
                definition.unit(),
                coverage.isSparse()
                        ? "In a slice only one side has a contour: from there no distance is known."
                        : "A side has no surface that lies within what is scored.");
        return told(none, reading);
    }

    private static MetricValue told(MetricValue value, Reading reading) {
        return value.with(reading.parameters());
    }

    private List<MetricValue> instances(AskedMetrics.Entry entry, Protocol protocol) {
        Protocol.Metric metric = entry.metric();
        MetricDefinition definition = entry.definition();
        if (!shapes) {
            return entry.scattered();
        }
        if (instances == null) {
            instances = new InstanceMeasurement(grid, predictionBits(), referenceBits(), cancel);
        }
        if (!instances.isPossible(metric.name())) {
            return List.of(sheared(definition));
        }
        return instances.read(metric, entry.numbers()).stream()
                .map(r -> value(r, definition, protocol))
                .toList();
    }

    /** Topology and slices. */
    private List<MetricValue> form(AskedMetrics.Entry entry, Protocol protocol) {
        Protocol.Metric metric = entry.metric();
        MetricDefinition definition = entry.definition();
        if (!shapes) {
            return entry.scattered();
        }
        if (form == null) {
            form = new ShapeMeasurement(grid, predictionBits(), referenceBits(), cancel);
        }
        if (!form.isPossible(metric.name())) {
            return List.of(sheared(definition));
        }
        return form.read(metric, entry.numbers()).stream()
                .map(r -> value(r, definition, protocol))
                .toList();
    }

    /** A reading under the protocol's rule for empty masks; a count is what it is, whichever side is empty. */
    private MetricValue value(Reading reading, MetricDefinition definition, Protocol protocol) {
        MetricValue value = told(
                reading.value() instanceof Long count
                        ? MetricValue.count(count)
                        : ruled(definition, protocol, reading.value().doubleValue()),
                reading);
        return reading.series() == null ? value : value.with(reading.series());
    }

    private static MetricValue sheared(MetricDefinition definition) {
        return MetricValue.notApplicable(
                definition.unit(), "The axes of the grid are not at right angles: distances along them tell nothing.");
    }

    static MetricValue scattered(MetricDefinition definition) {
        return new MetricValue(
                null,
                definition.unit(),
                MetricValue.State.NOT_SCORED,
                "The segments are scattered so thinly over the volume that their surfaces and objects were not"
                        + " measured.",
                Map.of());
    }

    /** Empty for calibration of a prediction that is no probability: nothing is said about it. */
    private List<MetricValue> losses(AskedMetrics.Entry entry, Protocol protocol) {
        Protocol.Metric metric = entry.metric();
        MetricDefinition definition = entry.definition();
        if (losses == null || (definition.group() == MetricDefinition.Group.CALIBRATION && !losses.isProbability())) {
            return List.of();
        }
        double value = losses.value(metric);
        MetricValue result = definition.group() == MetricDefinition.Group.LOSS && Double.isFinite(value)
                // A loss is a function of all voxels: where a side is empty it has a value as well.
                ? MetricValue.ruled(value, definition.unit(), counts.emptiness())
                : ruled(definition, protocol, value);
        return List.of(result.with(entry.ofLoss()));
    }

    /** A formula's result under the protocol's rule for empty masks; NaN is no value. */
    private MetricValue ruled(MetricDefinition definition, Protocol protocol, double formula) {
        MetricValue.State state = counts.emptiness();
        String unit = definition.unit();
        if (state == MetricValue.State.OK) {
            if (Double.isFinite(formula)) {
                return MetricValue.ok(formula, unit);
            }
            return protocol.outcome(definition.name(), state) instanceof Protocol.Outcome.Value v
                    ? MetricValue.ok(v.value(), unit)
                    : MetricValue.notApplicable(unit, "The formula divides by zero for these counts.");
        }
        return switch (protocol.outcome(definition.name(), state)) {
            case Protocol.Outcome.Formula f ->
                Double.isFinite(formula) ? MetricValue.ruled(formula, unit, state) : MetricValue.absent(state, unit);
            case Protocol.Outcome.Absent a -> MetricValue.absent(state, unit);
            case Protocol.Outcome.Value v -> MetricValue.ruled(v.value(), unit, state);
        };
    }

    private double ml(long voxels) {
        return voxels * grid.voxelVolumeMm3() / 1000;
    }

    private Moments predictionMoments() {
        if (predictionMoments == null) {
            predictionMoments = Moments.of(prediction);
        }
        return predictionMoments;
    }

    private Moments referenceMoments() {
        if (referenceMoments == null) {
            referenceMoments = Moments.of(reference);
        }
        return referenceMoments;
    }

    private static Map<String, ToDoubleFunction<ConfusionCounts>> ratios() {
        Map<String, ToDoubleFunction<ConfusionCounts>> r = new LinkedHashMap<>();
        r.put("dice", Overlap::dice);
        r.put("jaccard", Overlap::jaccard);
        r.put("precision", Overlap::precision);
        r.put("sensitivity", Overlap::sensitivity);
        r.put("specificity", Overlap::specificity);
        r.put("npv", Overlap::negativePredictiveValue);
        r.put("fpr", Overlap::falsePositiveRate);
        r.put("fnr", Overlap::falseNegativeRate);
        r.put("fdr", Overlap::falseDiscoveryRate);
        r.put("accuracy", Overlap::accuracy);
        r.put("auc_single_threshold", Overlap::singleThresholdAuc);
        r.put("informedness", Overlap::informedness);
        r.put("markedness", Overlap::markedness);
        r.put("mcc", Overlap::matthews);
        r.put("kappa", Overlap::kappa);
        r.put("fowlkes_mallows", Overlap::fowlkesMallows);
        r.put("overlap_coefficient", Overlap::overlapCoefficient);
        r.put("positive_likelihood_ratio", Overlap::positiveLikelihoodRatio);
        r.put("expected_dice", Overlap::expectedDice);
        r.put("chance_corrected_dice", Overlap::chanceCorrectedDice);
        r.put("relative_volume_difference", Overlap::relativeVolumeDifference);
        r.put("absolute_relative_volume_difference", Overlap::absoluteRelativeVolumeDifference);
        r.put("volumetric_similarity", Overlap::volumetricSimilarity);
        r.put("volume_similarity_signed", Overlap::volumeSimilaritySigned);
        r.put("rand_index", Overlap::randIndex);
        r.put("adjusted_rand_index", Overlap::adjustedRandIndex);
        r.put("mutual_information", Overlap::mutualInformation);
        r.put("normalised_mutual_information", Overlap::normalisedMutualInformation);
        r.put("variation_of_information", Overlap::variationOfInformation);
        r.put("voi_prediction_given_reference", Overlap::predictionGivenReferenceEntropy);
        r.put("voi_reference_given_prediction", Overlap::referenceGivenPredictionEntropy);
        r.put("global_consistency_error", Overlap::globalConsistencyError);
        r.put("net_benefit", Overlap::netBenefit);
        r.put("normalised_expected_cost", Overlap::normalisedExpectedCost);
        r.put("icc", Overlap::intraclassCorrelation);
        return r;
    }

    /** The metrics that are functions of counts alone, of counts summed over several pairs, each within its coverage. */
    static Map<String, List<MetricValue>> pooled(ConfusionCounts sum, Grid grid, Coverage coverage, Protocol protocol) {
        Map<String, List<MetricValue>> result = new LinkedHashMap<>();
        PairMeasurement measurement = new PairMeasurement(grid, sum, coverage);
        for (Protocol.Metric metric : protocol.metrics()) {
            MetricDefinition definition = MetricCatalogue.require(metric.name());
            boolean byCounts = RATIOS.containsKey(metric.name())
                    || definition.group() == MetricDefinition.Group.COUNT
                    || definition.group() == MetricDefinition.Group.VOLUME
                    || metric.name().equals("f_beta")
                    || metric.name().equals("balanced_accuracy");
            // Those that compare with chance over all voxels mean nothing where each voxel is counted once for every
            // segment.
            if (byCounts
                    && definition.group() != MetricDefinition.Group.INFORMATION
                    && !metric.name().equals("icc")) {
                result.computeIfAbsent(metric.name(), unused -> new ArrayList<>())
                        .addAll(measurement.values(new AskedMetrics.Entry(metric, definition, protocol), protocol));
            }
        }
        return result;
    }
}
