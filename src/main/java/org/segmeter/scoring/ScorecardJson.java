package org.segmeter.scoring;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.fragility.DiceAnatomy;
import org.segmeter.metric.fragility.Envelope;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.volume.Box;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Segment;
import org.segmeter.volume.SegmentConcept;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes scorecards: members in a fixed order, doubles in the shortest form that reads back to the same bits, no NaN, no
 * infinity. Two equal scorecards give the same bytes.
 */
public final class ScorecardJson {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ScorecardJson() {}

    /** The scorecard as a tree, without the members of the service (id, timestamps, case, model). */
    public static ObjectNode tree(Scorecard card) {
        ObjectNode root = NODES.objectNode();
        root.set("protocol", protocol(card.protocol()));
        root.set("prediction", side(card.prediction()));
        root.set("reference", side(card.reference()));
        Scorecard.Side mask = card.mask();
        if (mask != null) {
            root.set("mask", side(mask));
        }
        root.set("geometry", geometry(card.geometry()));
        ArrayNode segments = root.putArray("segments");
        for (Scorecard.SegmentScore score : card.segments()) {
            ObjectNode entry = segments.addObject();
            entry.set("segment", segment(score.segment()));
            entry.set("match", match(score));
            entry.set("metrics", metrics(score.metrics()));
            entry.set("loss", metrics(score.loss()));
            if (score.fragility() != null) {
                entry.set(
                        "fragility",
                        fragility(score.fragility(), card.geometry().voxelVolumeMm3()));
            }
            if (score.scored() != null) {
                entry.set("scored", scored(score.scored()));
            }
        }
        root.set("overall", overall(card.overall()));
        if (card.confusion() != null) {
            root.set("confusion", confusion(card.confusion()));
        }
        ArrayNode unmatched = root.putArray("unmatched");
        for (Scorecard.Unmatched u : card.unmatched()) {
            ObjectNode entry = unmatched.addObject();
            entry.put("side", u.side());
            entry.set("segment", segment(u.segment()));
            entry.put("voxels", u.voxels());
        }
        if (!card.byProtocol().isEmpty()) {
            byProtocol(card, root.putArray("byProtocol"));
            spread(card, root.putArray("spread"));
        }
        ArrayNode notices = root.putArray("notices");
        card.notices().forEach(notices::add);
        ObjectNode engine = root.putObject("engine");
        engine.put("version", card.engine().version());
        engine.put("commit", card.engine().commit());
        engine.put("vector", card.engine().vector());
        return root;
    }

    /** The scorecard as text, UTF-8 when encoded, without white space between tokens. */
    public static String write(Scorecard card) {
        return JsonDocument.write(tree(card));
    }

    /** The scorecard for people, indented. */
    public static String writeIndented(Scorecard card) {
        return JsonDocument.writeIndented(tree(card));
    }

    /**
     * A refusal as RFC 9457 problem: type, title, status, detail, and what was found and expected. The service adds the instance.
     */
    public static ObjectNode problemTree(InputException e) {
        ObjectNode node = NODES.objectNode();
        node.put("type", "/problems/" + e.problem().slug());
        node.put("title", e.problem().title());
        node.put("status", e.problem().status());
        node.put("detail", e.getMessage() == null ? e.problem().title() : e.getMessage());
        if (e.side() != null) {
            node.put("side", e.side());
        }
        if (e.found() != null) {
            node.put("found", e.found());
        }
        if (e.expected() != null) {
            node.put("expected", e.expected());
        }
        e.details().forEach((name, value) -> node.set(name, plain(value)));
        return node;
    }

    /** @see #problemTree */
    public static String problem(InputException e) {
        return JsonDocument.write(problemTree(e));
    }

    /** A metric's value: value, unit, state, and what it depends on. */
    public static ObjectNode metric(MetricValue value) {
        ObjectNode node = NODES.objectNode();
        if (!value.parameters().isEmpty()) {
            node.set("parameters", plain(value.parameters()));
        }
        put(node, "value", value.value());
        node.put("unit", value.unit());
        node.put("state", value.state().name());
        if (value.reason() != null) {
            node.put("reason", value.reason());
        }
        MetricValue.Series slices = value.series();
        if (slices != null) {
            ObjectNode series = node.putObject("series");
            series.put("first", slices.first());
            slices.counts().forEach((name, counts) -> series.set(name, plain(counts)));
        }
        return node;
    }

    /** Values by name: an object for a metric without parameters, a list where a parameter tells its values apart. */
    public static ObjectNode metrics(Map<String, List<MetricValue>> metrics) {
        ObjectNode node = NODES.objectNode();
        metrics.forEach((name, values) -> {
            if (values.size() == 1 && values.getFirst().parameters().isEmpty()) {
                node.set(name, metric(values.getFirst()));
            } else {
                ArrayNode list = node.putArray(name);
                values.forEach(v -> list.add(metric(v)));
            }
        });
        return node;
    }

    /** Who a segment is. */
    public static ObjectNode segment(Segment segment) {
        ObjectNode node = NODES.objectNode();
        node.put("number", segment.number());
        node.put("label", segment.label());
        SegmentConcept concept = segment.concept();
        if (concept != null) {
            ObjectNode coded = node.putObject("concept");
            coded.set("category", code(concept.category()));
            coded.set("type", code(concept.type()));
            if (!concept.typeModifiers().isEmpty()) {
                coded.set("typeModifiers", codes(concept.typeModifiers()));
            }
            if (concept.region() != null) {
                coded.set("region", code(concept.region()));
            }
            if (!concept.regionModifiers().isEmpty()) {
                coded.set("regionModifiers", codes(concept.regionModifiers()));
            }
            coded.put("laterality", lower(concept.laterality()));
        }
        Segment.Algorithm algorithm = segment.algorithm();
        if (algorithm != null) {
            ObjectNode made = node.putObject("algorithm");
            made.put("type", algorithm.type().name());
            if (algorithm.name() != null) {
                made.put("name", algorithm.name());
            }
            if (algorithm.version() != null) {
                made.put("version", algorithm.version());
            }
        }
        return node;
    }

    /** Why a Dice value is what it is. */
    static ObjectNode fragility(Fragility fragility, double voxelVolumeMm3) {
        ObjectNode node = NODES.objectNode();
        node.put("kind", lower(fragility.kind()));
        node.put("sentence", fragility.sentence());
        if (fragility.smallObjectWarning() != null) {
            node.put("warning", fragility.smallObjectWarning());
        }
        DiceAnatomy a = fragility.anatomy();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("dice", a.dice());
        values.put("false_positive_part", a.falsePositivePart());
        values.put("false_negative_part", a.falseNegativePart());
        values.put("volume_part", a.volumePart());
        values.put("placement_part", a.placementPart());
        values.put("dice_ceiling_by_volume", a.ceiling());
        values.put("dice_by_chance", a.byChance());
        values.put("dice_above_chance", a.aboveChance());
        values.put("dice_by_one_more_false_positive", a.byOneMoreFalsePositive());
        values.put("dice_by_one_false_positive_removed", a.byOneFalsePositiveRemoved());
        values.put("dice_by_one_miss_found", a.byOneMissFound());
        values.put("dice_by_one_more_miss", a.byOneMoreMiss());
        Envelope envelope = fragility.envelope();
        if (envelope != null) {
            values.put("dice_reference_eroded", envelope.diceEroded());
            values.put("dice_reference_dilated", envelope.diceDilated());
            values.put("dice_one_voxel_off", envelope.diceOneVoxelOff());
            values.put("dice_half_boundary_noise", envelope.diceWithBoundaryNoise(0.5));
        }
        values.forEach((name, value) -> node.set(
                name,
                metric(
                        Double.isFinite(value)
                                ? MetricValue.ok(value, "1")
                                : MetricValue.notApplicable("1", "There is no such voxel to add or remove."))));
        ArrayNode reach = node.putArray("voxels_to_reach_dice");
        ArrayNode volume = node.putArray("ml_to_reach_dice");
        for (double target : new double[] {0.8, 0.9, 0.95}) {
            long voxels = a.voxelsToReach(target);
            reach.add(metric(MetricValue.count(voxels).with("target", target)));
            volume.add(
                    metric(MetricValue.ok(voxels * voxelVolumeMm3 / 1000, "ml").with("target", target)));
        }
        if (envelope != null) {
            ArrayNode shifted = node.putArray("dice_reference_shifted");
            for (int axis = 0; axis < 3; axis++) {
                for (double shift : new double[] {0.5, 1}) {
                    shifted.add(metric(MetricValue.ok(envelope.diceShifted(axis, shift), "1")
                            .with("axis", "xyz".substring(axis, axis + 1))
                            .with("voxels", shift)));
                }
            }
        }
        return node;
    }

    /** The first and the last voxel along x, y, z; nothing if there is none. */
    private static void box(ObjectNode node, String from, String to, Box box) {
        if (!box.isEmpty()) {
            node.putArray(from).add(box.x0()).add(box.y0()).add(box.z0());
            node.putArray(to).add(box.x1() - 1).add(box.y1() - 1).add(box.z1() - 1);
        }
    }

    private static ObjectNode scored(Scorecard.Scored scored) {
        ObjectNode node = NODES.objectNode();
        node.put("voxels", scored.voxels());
        box(node, "from", "to", scored.box());
        if (!scored.slices().isEmpty()) {
            ArrayNode slices = node.putArray("slices");
            scored.slices().forEach(slices::add);
        }
        node.put("predictionVoxelsOutside", scored.predictionVoxelsOutside());
        node.put("referenceVoxelsOutside", scored.referenceVoxelsOutside());
        put(node, "predictionSurfaceOutsideMm2", scored.predictionSurfaceOutsideMm2());
        put(node, "referenceSurfaceOutsideMm2", scored.referenceSurfaceOutsideMm2());
        return node;
    }

    private static ObjectNode match(Scorecard.SegmentScore score) {
        ObjectNode node = NODES.objectNode();
        node.put("rule", lower(score.match()));
        put(node, "prediction", score.predictionNumber());
        put(node, "reference", score.referenceNumber());
        return node;
    }

    private static ArrayNode codes(List<CodedConcept> concepts) {
        ArrayNode list = NODES.arrayNode();
        concepts.forEach(c -> list.add(code(c)));
        return list;
    }

    private static ObjectNode code(CodedConcept concept) {
        ObjectNode node = NODES.objectNode();
        node.put("value", concept.value());
        node.put("scheme", concept.scheme());
        node.put("meaning", concept.meaning());
        return node;
    }

    private static ObjectNode protocol(Scorecard.ProtocolReference protocol) {
        ObjectNode node = NODES.objectNode();
        node.put("id", protocol.id());
        node.put("sha256", protocol.sha256());
        if (!protocol.overrides().isEmpty()) {
            node.set("overrides", plain(protocol.overrides()));
        }
        return node;
    }

    private static ObjectNode side(Scorecard.Side side) {
        ObjectNode node = NODES.objectNode();
        if (side.sha256().size() == 1) {
            node.put("sha256", side.sha256().getFirst());
        } else {
            ArrayNode list = node.putArray("sha256");
            side.sha256().forEach(list::add);
        }
        node.put("format", side.format());
        node.put("encoding", side.encoding());
        node.put("segments", side.segments());
        if (side.threshold() != null) {
            node.put("threshold", side.threshold());
        }
        return node;
    }

    private static ObjectNode geometry(GeometryReport report) {
        ObjectNode node = NODES.objectNode();
        node.put("verdict", lower(report.verdict()));
        node.put("gridsEqual", report.gridsEqual());
        node.put("cornerDisplacementVoxels", report.cornerDisplacementVoxels());
        node.set("spacingRatio", plain(report.spacingRatio()));
        node.put("orientationAngleDeg", report.orientationAngleDeg());
        node.put("axes", report.axes());
        node.set("offset", plain(report.offset()));
        node.put("frameOfReference", report.frameOfReference());
        node.put("policy", report.policy());
        node.put("pixelUnits", report.pixelUnits());
        node.set("evaluationGrid", plain(report.evaluationGrid()));
        node.set("spacingMm", plain(report.spacingMm()));
        node.put("voxelVolumeMm3", report.voxelVolumeMm3());
        ObjectNode covered = node.putObject("covered");
        covered.put("prediction", report.predictionCovered());
        covered.put("reference", report.referenceCovered());
        node.put("missingSlices", report.missingSlices());
        node.put("resampledVoxelsFraction", report.resampledVoxelsFraction());
        if (report.volumeChangeByResampling() != null) {
            node.put("volumeChangeByResampling", report.volumeChangeByResampling());
        }
        put(node, "diceUnderHalfVoxelShift", report.diceUnderHalfVoxelShift());
        node.put("scoredVoxels", report.scoredVoxels());
        box(node, "scoredFrom", "scoredTo", report.scoredBox());
        return node;
    }

    private static ObjectNode overall(Scorecard.Overall overall) {
        ObjectNode node = NODES.objectNode();
        ObjectNode counts = node.putObject("segments");
        counts.put("detected", overall.detected());
        counts.put("missed", overall.missed());
        counts.put("hallucinated", overall.hallucinated());
        counts.put("agreedAbsent", overall.agreedAbsent());
        node.set("metrics", metrics(overall.metrics()));
        node.set("pooled", metrics(overall.pooled()));
        ObjectNode means = node.putObject("mean");
        overall.mean().forEach((name, list) -> {
            if (list.size() == 1 && list.getFirst().parameters().isEmpty()) {
                means.set(name, mean(list.getFirst()));
            } else {
                ArrayNode entries = means.putArray(name);
                list.forEach(m -> entries.add(mean(m)));
            }
        });
        node.set("loss", metrics(overall.loss()));
        multiclass(node, overall.multiclass());
        return node;
    }

    private static void multiclass(ObjectNode overall, Map<String, List<MetricValue>> multiclass) {
        if (!multiclass.isEmpty()) {
            overall.set("multiclass", metrics(multiclass));
        }
    }

    private static ObjectNode mean(Scorecard.Mean mean) {
        ObjectNode node = NODES.objectNode();
        if (!mean.parameters().isEmpty()) {
            node.set("parameters", plain(mean.parameters()));
        }
        put(node, "detected", mean.detected());
        put(node, "penalised", mean.penalised());
        node.put("unit", mean.unit());
        node.put("detectedCount", mean.detectedCount());
        node.put("penalisedCount", mean.penalisedCount());
        node.put("notScored", mean.notScored());
        return node;
    }

    private static ObjectNode confusion(Scorecard.ConfusionMatrix matrix) {
        ObjectNode node = NODES.objectNode();
        node.put("complete", matrix.complete());
        ArrayNode cells = node.putArray("cells");
        for (Scorecard.ConfusionMatrix.Cell cell : matrix.cells()) {
            ObjectNode entry = cells.addObject();
            entry.put("reference", cell.reference());
            entry.put("prediction", cell.prediction());
            entry.put("voxels", cell.voxels());
        }
        return node;
    }

    private static void byProtocol(Scorecard card, ArrayNode target) {
        for (Scorecard.ProtocolScores scores : card.byProtocol()) {
            ObjectNode entry = target.addObject();
            entry.set("protocol", protocol(scores.protocol()));
            ArrayNode segments = entry.putArray("segments");
            for (int i = 0; i < scores.segments().size(); i++) {
                ObjectNode one = segments.addObject();
                one.put("index", i);
                one.put("number", card.segments().get(i).segment().number());
                one.set("metrics", metrics(scores.segments().get(i)));
            }
            ObjectNode overall = entry.putObject("overall");
            overall.set("metrics", metrics(scores.overall()));
            multiclass(overall, scores.multiclass());
        }
    }

    private static void spread(Scorecard card, ArrayNode target) {
        for (Scorecard.Spread spread : card.spread()) {
            ObjectNode entry = target.addObject();
            put(entry, "index", spread.index());
            entry.put("metric", spread.metric());
            if (!spread.parameters().isEmpty()) {
                entry.set("parameters", plain(spread.parameters()));
            }
            ObjectNode values = entry.putObject("values");
            spread.values().forEach((id, value) -> put(values, id, value));
            entry.put("least", spread.least());
            entry.put("largest", spread.largest());
            entry.put("spread", spread.largest() - spread.least());
        }
    }

    static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static void put(ObjectNode node, String name, @Nullable Number value) {
        node.set(name, number(value));
    }

    private static JsonNode number(@Nullable Number value) {
        if (value == null) {
            return NODES.nullNode();
        }
        return switch (value) {
            case Integer i -> NODES.numberNode(i);
            case Long l -> NODES.numberNode(l);
            default -> {
                double d = value.doubleValue();
                if (!Double.isFinite(d)) {
                    throw new IllegalStateException("a scorecard holds finite numbers only: " + d);
                }
                // -0.0 and 0.0 are the same value; only one of them is written.
                yield NODES.numberNode(d == 0 ? 0.0 : d);
            }
        };
    }

    /** A tree of plain values: maps, lists, numbers, texts and booleans. */
    static JsonNode plain(@Nullable Object value) {
        if (value == null) {
            return NODES.nullNode();
        }
        return switch (value) {
            case Number n -> number(n);
            case Boolean b -> NODES.booleanNode(b);
            case Map<?, ?> map -> {
                ObjectNode node = NODES.objectNode();
                map.forEach((k, v) -> node.set(String.valueOf(k), plain(v)));
                yield node;
            }
            case Iterable<?> list -> {
                ArrayNode node = NODES.arrayNode();
                list.forEach(v -> node.add(plain(v)));
                yield node;
            }
            default -> NODES.stringNode(value.toString());
        };
    }
}
