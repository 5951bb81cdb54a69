package org.segmeter.scoring;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.MetricValue.State;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.fragility.BatchEffect;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.GradientFacts;
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.RankedLosses;
import org.segmeter.metric.loss.SoftFacts;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.volume.Segment;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes reports of the laboratory as three documents: losses, calibration, fragility. As in a scorecard each value has its unit
 * and state, no number is NaN or infinite, and two equal reports give the same bytes.
 */
public final class LaboratoryJson {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private LaboratoryJson() {}

    /** Every loss with its parameters, its gradient, the facts about soft predictions, and the same for the segments as classes. */
    public static ObjectNode loss(LaboratoryReport report) {
        ObjectNode root = head(report);
        ArrayNode segments = root.putArray("segments");
        for (LaboratoryReport.OfSegment segment : report.segments()) {
            ObjectNode entry = segment(segments, segment.segment(), segment.match());
            entry.put("input", segment.input());
            entry.put("state", segment.emptiness().name());
            entry.put("voxels", segment.voxels());
            channel(entry, segment.losses(), report.voxelVolumeMm3());
        }
        ObjectNode classes = root.putObject("classes");
        switch (report.classes()) {
            case LaboratoryReport.Classes.Absent absent -> absent(classes, absent.reason());
            case LaboratoryReport.Classes.Measured measured -> {
                classes.put("state", State.OK.name());
                classes.set("losses", ScorecardJson.metrics(measured.report().overall()));
                gradients(classes.putObject("gradients"), measured.report());
                channel(classes.putObject("background"), measured.background(), report.voxelVolumeMm3());
            }
        }
        foot(root, report);
        return root;
    }

    /** Reliability in the whole volume and in the boundary band, and the sweep over thresholds. */
    public static ObjectNode calibration(LaboratoryReport report) {
        ObjectNode root = head(report);
        ArrayNode segments = root.putArray("segments");
        for (LaboratoryReport.OfSegment segment : report.segments()) {
            ObjectNode entry = segment(segments, segment.segment(), segment.match());
            entry.put("input", segment.input());
            entry.put("state", segment.emptiness().name());
            entry.put("voxels", segment.voxels());
            entry.set("volume", reliability(segment.volume(), report.options()));
            ObjectNode band = entry.putObject("band");
            band.put("widthVoxels", report.options().band());
            if (segment.band() == null) {
                absent(band, "the reference has no boundary among the evaluated voxels");
            } else {
                band.setAll(reliability(segment.band(), report.options()));
            }
            entry.set("sweep", sweep(segment.sweep(), segment.losses()));
        }
        ObjectNode classes = root.putObject("classes");
        switch (report.classes()) {
            case LaboratoryReport.Classes.Absent absent -> absent(classes, absent.reason());
            case LaboratoryReport.Classes.Measured measured -> classes(classes, measured, report.options());
        }
        foot(root, report);
        return root;
    }

    /** Why each Dice value is what it is. */
    public static ObjectNode fragility(LaboratoryReport report) {
        ObjectNode root = head(report);
        ArrayNode segments = root.putArray("segments");
        for (LaboratoryReport.OfSegment segment : report.segments()) {
            ObjectNode entry = segment(segments, segment.segment(), segment.match());
            switch (segment.fragility()) {
                case LaboratoryReport.OfFragility.Measured measured -> {
                    entry.put("state", State.OK.name());
                    entry.set("fragility", ScorecardJson.fragility(measured.fragility(), report.voxelVolumeMm3()));
                }
                case LaboratoryReport.OfFragility.Absent absent -> {
                    entry.put("state", absent.state().name());
                    entry.put("reason", absent.reason());
                }
            }
        }
        foot(root, report);
        return root;
    }

    private static ObjectNode head(LaboratoryReport report) {
        ObjectNode root = NODES.objectNode();
        root.set("parameters", report.options().json());
        root.putObject("prediction").set("sha256", ScorecardJson.plain(report.prediction()));
        root.putObject("reference").set("sha256", ScorecardJson.plain(report.reference()));
        if (!report.mask().isEmpty()) {
            root.putObject("mask").set("sha256", ScorecardJson.plain(report.mask()));
        }
        root.putObject("geometry").put("verdict", ScorecardJson.lower(report.verdict()));
        root.put("voxels", report.voxels());
        root.put("voxelVolumeMm3", report.voxelVolumeMm3());
        return root;
    }

    private static void foot(ObjectNode root, LaboratoryReport report) {
        ArrayNode notices = root.putArray("notices");
        report.notices().forEach(notices::add);
        engine(root);
    }

    private static void engine(ObjectNode root) {
        ObjectNode engine = root.putObject("engine");
        engine.put("version", EngineVersion.current().version());
        engine.put("commit", EngineVersion.current().commit());
    }

    private static ObjectNode segment(ArrayNode segments, Segment segment, Scorecard.MatchRule match) {
        ObjectNode entry = segments.addObject();
        entry.set("segment", ScorecardJson.segment(segment));
        entry.putObject("match").put("rule", ScorecardJson.lower(match));
        return entry;
    }

    private static void absent(ObjectNode node, String reason) {
        node.put("state", State.NOT_APPLICABLE.name());
        node.put("reason", reason);
    }

    private static void channel(ObjectNode node, LossReport.OfChannel channel, double voxelVolumeMm3) {
        node.set("losses", ScorecardJson.metrics(channel.losses()));
        node.set("sums", sums(channel.statistics().sums()));
        ObjectNode gradients = node.putObject("gradients");
        channel.gradients().forEach((name, facts) -> gradients.set(name, gradient(facts)));
        SoftFacts facts = channel.facts();
        if (facts == null) {
            absent(node.putObject("soft"), "the reference is soft, and these facts are about a hard one");
        } else {
            node.set("soft", ScorecardJson.metrics(soft(facts, voxelVolumeMm3)));
        }
    }

    private static ObjectNode sums(SoftSums s) {
        ObjectNode node = NODES.objectNode();
        node.put("voxels", s.voxels());
        Map<String, Double> sums = new LinkedHashMap<>();
        sums.put("tp", s.tp());
        sums.put("fp", s.fp());
        sums.put("fn", s.fn());
        sums.put("tn", s.tn());
        sums.put("p", s.p());
        sums.put("g", s.g());
        sums.put("pp", s.pp());
        sums.put("gg", s.gg());
        sums.forEach((name, value) -> node.set(name, ScorecardJson.plain(value)));
        return node;
    }

    private static ObjectNode gradient(GradientFacts facts) {
        GradientFacts.Parts parts = facts.parts();
        Map<String, MetricValue> values = new LinkedHashMap<>();
        if (parts == null) {
            values.put("onReference", value(facts.onReference(), "1"));
            values.put("onReferencePerError", value(facts.onReferencePerError(), "1"));
            values.put("elsewhere", value(facts.elsewhere(), "1"));
            values.put("elsewherePerProbability", value(facts.elsewherePerProbability(), "1"));
        } else {
            values.put("regionOnReference", value(facts.onReference(), "1"));
            values.put("regionElsewhere", value(facts.elsewhere(), "1"));
            values.put("regionNorm", value(parts.regionNorm(), "1"));
            values.put("regionLogitNorm", value(parts.regionLogitNorm(), "1"));
            values.put("voxelNorm", value(parts.voxelNorm(), "1"));
            values.put("voxelLogitNorm", value(parts.voxelLogitNorm(), "1"));
        }
        values.put("norm", value(facts.norm(), "1"));
        values.put("shareOnReference", value(facts.shareOnReference(), "1"));
        values.put("logitNorm", value(facts.logitNorm(), "1"));
        values.put("logitShareOnReference", value(facts.logitShareOnReference(), "1"));
        ObjectNode node = NODES.objectNode();
        // A null stands for a share of a gradient that is 0 everywhere, or for a slope that has no bound.
        values.forEach((name, value) -> node.set(name, ScorecardJson.plain(value.value())));
        return node;
    }

    private static void gradients(ObjectNode node, LossReport report) {
        report.gradients().forEach((name, of) -> {
            ObjectNode gradient = node.putObject(name);
            gradient.set("norm", number(of.norm()));
            gradient.set("shareOnReference", number(of.shareOnReference()));
            gradient.set("logitNorm", number(of.logitNorm()));
            gradient.set("logitShareOnReference", number(of.logitShareOnReference()));
            ArrayNode classes = gradient.putArray("classes");
            of.classes().forEach(facts -> classes.add(gradient(facts)));
        });
        report.wasserstein().forEach((name, of) -> {
            ObjectNode gradient = node.putObject(name);
            gradient.set("norm", number(of.norm()));
            gradient.set("shareOnForeground", number(of.shareOnForeground()));
            gradient.set("softmaxNorm", number(of.softmaxNorm()));
            gradient.set("softmaxShareOnForeground", number(of.softmaxShareOnForeground()));
            ArrayNode perError = gradient.putArray("perError");
            of.perError().forEach(slope -> perError.add(number(slope)));
        });
    }

    private static Map<String, List<MetricValue>> soft(SoftFacts facts, double voxelVolumeMm3) {
        double ml = voxelVolumeMm3 / 1000;
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        values.put("soft_dice", List.of(value(facts.softDice(), "1")));
        values.put("hard_dice", List.of(value(facts.hardDice(), "1").with("threshold", 0.5)));
        values.put("soft_hard_gap", List.of(value(facts.softHardGap(), "1")));
        values.put("leak_voxels", List.of(value(facts.leak(), "1")));
        values.put("leak_ml", List.of(value(facts.leak() * ml, "ml")));
        values.put("leak_share", List.of(value(facts.leakShare(), "1")));
        values.put("soft_volume_ml", List.of(value(facts.softVolume() * ml, "ml")));
        values.put(
                "hard_volume_ml", List.of(value(facts.hardVolume() * ml, "ml").with("threshold", 0.5)));
        values.put("reference_volume_ml", List.of(value(facts.referenceVolume() * ml, "ml")));
        values.put("soft_volume_ratio", List.of(value(facts.softVolume() / facts.referenceVolume(), "1")));
        values.put("saturated_on_reference", List.of(value(facts.saturatedOnReference(), "1")));
        values.put("saturated_among_wrong", List.of(value(facts.saturatedAmongWrong(), "1")));
        return values;
    }

    private static MetricValue value(double value, String unit) {
        return Double.isFinite(value)
                ? MetricValue.ok(value, unit)
                : MetricValue.notApplicable(unit, "there is no voxel of the kind that it is about");
    }

    private static ObjectNode reliability(LaboratoryReport.Reliability r, LaboratoryOptions options) {
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        values.put("brier", List.of(value(r.brier(), "1")));
        values.put("nll", List.of(value(r.negativeLogLikelihood(), "1").with("clip", 1e-7)));
        values.put("ece", List.of(value(r.table().expectedError(), "1").with("bins", options.bins())));
        values.put("mce", List.of(value(r.table().maximumError(), "1").with("bins", options.bins())));
        MetricValue adaptive = Double.isFinite(r.adaptive())
                ? MetricValue.ok(r.adaptive(), "1")
                : MetricValue.notApplicable("1", "needs the voxels in order, of a hard reference");
        values.put("adaptive_ece", List.of(adaptive.with("bins", options.bins())));
        ObjectNode node = NODES.objectNode();
        node.put("voxels", r.table().voxels());
        node.setAll(ScorecardJson.metrics(values));
        ArrayNode table = node.putArray("reliability");
        for (Calibration.Bin bin : r.table().bins()) {
            ObjectNode row = table.addObject();
            row.put("low", bin.low());
            row.put("high", bin.high());
            row.put("voxels", bin.voxels());
            row.set("confidence", number(bin.confidence()));
            row.set("share", number(bin.share()));
        }
        return node;
    }

    private static ObjectNode sweep(@Nullable ThresholdSweep sweep, LossReport.OfChannel channel) {
        ObjectNode node = NODES.objectNode();
        if (sweep == null) {
            absent(node, "the reference is soft, and a sweep counts voxels of a hard one");
            return node;
        }
        node.put("state", State.OK.name());
        RankedLosses ranked = channel.ranked();
        node.set(
                "auroc",
                ranked == null ? area(sweep.auroc().value(), sweep.auroc().errorAtMost()) : area(ranked.auroc(), 0));
        node.set(
                "average_precision",
                ranked == null
                        ? area(
                                sweep.averagePrecision().value(),
                                sweep.averagePrecision().errorAtMost())
                        : area(ranked.averagePrecision(), 0));
        ObjectNode best = node.putObject("best");
        ThresholdSweep.Point b = sweep.best();
        best.set("threshold", number(Double.isNaN(b.dice()) ? Double.NaN : b.threshold()));
        best.set("dice", number(b.dice()));
        ObjectNode points = node.putObject("points");
        column(points, "threshold", sweep, ThresholdSweep.Point::threshold);
        column(points, "dice", sweep, ThresholdSweep.Point::dice);
        column(points, "precision", sweep, ThresholdSweep.Point::precision);
        column(points, "recall", sweep, ThresholdSweep.Point::recall);
        count(points, "tp", sweep, ThresholdSweep.Point::tp);
        count(points, "fp", sweep, ThresholdSweep.Point::fp);
        count(points, "fn", sweep, ThresholdSweep.Point::fn);
        return node;
    }

    private static void column(
            ObjectNode points, String name, ThresholdSweep sweep, ToDoubleFunction<ThresholdSweep.Point> of) {
        ArrayNode column = points.putArray(name);
        sweep.points().forEach(point -> column.add(number(of.applyAsDouble(point))));
    }

    private static void count(
            ObjectNode points,
            String name,
            ThresholdSweep sweep,
            java.util.function.ToLongFunction<ThresholdSweep.Point> of) {
        ArrayNode column = points.putArray(name);
        sweep.points().forEach(point -> column.add(of.applyAsLong(point)));
    }

    private static ObjectNode area(double value, double errorAtMost) {
        if (!Double.isFinite(value)) {
            return ScorecardJson.metric(
                    MetricValue.notApplicable("1", "an area needs voxels of both kinds in the reference"));
        }
        ObjectNode node = ScorecardJson.metric(MetricValue.ok(value, "1"));
        node.put("errorAtMost", errorAtMost);
        return node;
    }

    private static void classes(
            ObjectNode node, LaboratoryReport.Classes.Measured measured, LaboratoryOptions options) {
        node.put("state", State.OK.name());
        List<LossReport.OfChannel> channels = measured.report().channels();
        double sum = 0;
        double brier = 0;
        for (LossReport.OfChannel channel : channels) {
            ChannelStatistics s = channel.statistics();
            sum += Calibration.of(s.cells(), options.bins(), Calibration.Closed.UPPER, true)
                    .expectedError();
            brier += s.sums().l2() / s.sums().voxels();
        }
        Calibration top =
                Calibration.of(measured.moments().confidence(), options.bins(), Calibration.Closed.UPPER, true);
        Map<String, List<MetricValue>> values = new LinkedHashMap<>();
        values.put(
                "classwise_ece",
                List.of(value(sum / channels.size(), "1")
                        .with("bins", options.bins())
                        .with("classes", channels.size())));
        values.put("top_label_ece", List.of(value(top.expectedError(), "1").with("bins", options.bins())));
        values.put("brier", List.of(value(brier, "1").with("sumOver", "classes")));
        node.setAll(ScorecardJson.metrics(values));
    }

    private static tools.jackson.databind.JsonNode number(double value) {
        return ScorecardJson.plain(Double.isFinite(value) ? (Double) value : null);
    }

    /** The mean of cases against their pooled voxels. */
    public static ObjectNode batch(BatchReport report) {
        ObjectNode root = NODES.objectNode();
        root.set("parameters", report.options().json());
        ArrayNode cases = root.putArray("cases");
        for (BatchReport.Case each : report.cases()) {
            ObjectNode entry = cases.addObject();
            entry.putObject("prediction").set("sha256", ScorecardJson.plain(each.prediction()));
            entry.putObject("reference").set("sha256", ScorecardJson.plain(each.reference()));
            if (!each.mask().isEmpty()) {
                entry.putObject("mask").set("sha256", ScorecardJson.plain(each.mask()));
            }
        }
        ArrayNode segments = root.putArray("segments");
        for (BatchReport.OfSegment segment : report.segments()) {
            ObjectNode entry = segments.addObject();
            entry.set("segment", ScorecardJson.segment(segment.segment()));
            BatchEffect effect = segment.effect();
            Map<String, List<MetricValue>> values = new LinkedHashMap<>();
            values.put("dice_loss_mean_of_cases", List.of(ofBatch(effect.meanOfCases(), report)));
            values.put("dice_loss_pooled", List.of(ofBatch(effect.pooled(), report)));
            entry.setAll(ScorecardJson.metrics(values));
            ArrayNode parts = entry.putArray("cases");
            for (int i = 0; i < segment.cases().size(); i++) {
                BatchEffect.Case part = effect.cases().get(i);
                ObjectNode row = parts.addObject();
                row.put("case", segment.cases().get(i));
                row.set("dice_loss", number(part.loss()));
                row.set("weight", number(part.weight()));
                row.set("dice_loss_pooled_without", number(part.pooledWithout()));
            }
        }
        engine(root);
        return root;
    }

    private static MetricValue ofBatch(double value, BatchReport report) {
        MetricValue plain = Double.isFinite(value)
                ? MetricValue.ok(value, "1")
                : MetricValue.notApplicable("1", "both sides are empty in every case");
        for (Map.Entry<String, ?> parameter : report.loss().parameters().entrySet()) {
            plain = plain.with(parameter.getKey(), parameter.getValue());
        }
        return plain;
    }

    /** The document of a batch, as the command line prints it. */
    public static String writeIndented(BatchReport report) {
        return JsonDocument.writeIndented(batch(report));
    }

    /** The three documents, each under its name. */
    public static ObjectNode tree(LaboratoryReport report) {
        ObjectNode all = NODES.objectNode();
        all.set("loss", loss(report));
        all.set("calibration", calibration(report));
        all.set("fragility", fragility(report));
        return all;
    }

    /** The three documents together, as the command line prints them. */
    public static String writeIndented(LaboratoryReport report) {
        return JsonDocument.writeIndented(tree(report));
    }
}
