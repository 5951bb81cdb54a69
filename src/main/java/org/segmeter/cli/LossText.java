package org.segmeter.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.fragility.BatchEffect;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.metric.loss.GradientFacts;
import org.segmeter.metric.loss.SoftFacts;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.scoring.BatchReport;
import org.segmeter.scoring.LaboratoryReport;

/** Reports of the laboratory as text for people; what is left out for brevity is in the JSON. */
final class LossText {

    private static final int LONGEST_LABEL = 32;

    private LossText() {}

    static void report(LaboratoryReport report, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%d voxels of %.4g mm3, geometry %s%n",
                report.voxels(),
                report.voxelVolumeMm3(),
                report.verdict().name().toLowerCase(Locale.ROOT));
        for (LaboratoryReport.OfSegment segment : report.segments()) {
            out.println();
            segment(segment, out);
        }
        switch (report.classes()) {
            case LaboratoryReport.Classes.Measured measured -> {
                if (report.segments().size() > 1) {
                    out.println();
                    out.println("segments and background as classes");
                    losses(measured.report().overall(), out);
                }
            }
            case LaboratoryReport.Classes.Absent absent -> {
                out.println();
                out.println("note: not measured as classes: " + absent.reason());
            }
        }
        for (String notice : report.notices()) {
            out.println("note: " + ScorecardText.clean(notice, 500));
        }
    }

    private static void segment(LaboratoryReport.OfSegment segment, PrintWriter out) {
        out.printf(
                "segment %d  %s  (prediction read as %s, %s)%n",
                segment.segment().number(),
                ScorecardText.clean(segment.segment().label(), LONGEST_LABEL),
                segment.input(),
                segment.emptiness().name());
        SoftSums s = segment.sums();
        line(out, "sums", "tp %s, fp %s, fn %s, tn %s", s.tp(), s.fp(), s.fn(), s.tn());
        losses(segment.losses().losses(), out);
        out.println();
        GradientFacts dice = segment.losses().gradients().get("dice_loss");
        if (dice != null) {
            line(
                    out,
                    "dice gradient",
                    "%s on the reference, %s elsewhere; norm %s, through a sigmoid %s",
                    dice.onReference(),
                    dice.elsewhere(),
                    dice.norm(),
                    dice.logitNorm());
        }
        SoftFacts facts = segment.losses().facts();
        if (facts != null) {
            line(
                    out,
                    "soft and hard",
                    "soft Dice %s, hard Dice %s, gap %s; %s voxels leak",
                    facts.softDice(),
                    facts.hardDice(),
                    facts.softHardGap(),
                    facts.leak());
        }
        reliability("calibration", segment.volume(), out);
        reliability("at the boundary", segment.band(), out);
        if (segment.sweep() != null) {
            line(
                    out,
                    "thresholds",
                    "best Dice %s at %s; AUROC %s, average precision %s",
                    segment.sweep().best().dice(),
                    segment.sweep().best().threshold(),
                    segment.losses().ranked() == null
                            ? segment.sweep().auroc().value()
                            : segment.losses().ranked().auroc(),
                    segment.losses().ranked() == null
                            ? segment.sweep().averagePrecision().value()
                            : segment.losses().ranked().averagePrecision());
        }
        switch (segment.fragility()) {
            case LaboratoryReport.OfFragility.Measured measured -> {
                Fragility fragility = measured.fragility();
                out.println("  fragility: " + fragility.kind().name() + ". " + fragility.sentence());
                if (fragility.smallObjectWarning() != null) {
                    out.println("  warning: " + fragility.smallObjectWarning());
                }
            }
            case LaboratoryReport.OfFragility.Absent absent ->
                out.println("  fragility: " + absent.state() + ", " + absent.reason());
        }
    }

    private static void losses(Map<String, List<MetricValue>> losses, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "loss", "value", ""));
        losses.forEach((name, values) -> {
            for (MetricValue value : values) {
                String parameters = ScorecardText.parameters(value);
                rows.add(List.of(
                        "",
                        name,
                        ScorecardText.decimal(value.value(), 6),
                        value.value() == null ? value.state() + " " + parameters : parameters));
            }
        });
        ScorecardText.print(rows, out);
    }

    private static void reliability(String title, LaboratoryReport.@Nullable Reliability r, PrintWriter out) {
        if (r != null) {
            line(
                    out,
                    title,
                    "Brier %s, NLL %s, ECE %s, MCE %s",
                    r.brier(),
                    r.negativeLogLikelihood(),
                    r.table().expectedError(),
                    r.table().maximumError());
        }
    }

    static void batch(BatchReport report, PrintWriter out) {
        out.printf(
                "%d cases, Dice loss with the smoothing %s%n",
                report.cases().size(), report.options().settings().smooth());
        for (BatchReport.OfSegment segment : report.segments()) {
            BatchEffect effect = segment.effect();
            out.println();
            out.printf(
                    "segment %d  %s  mean of %d cases %s, pooled %s%n",
                    segment.segment().number(),
                    ScorecardText.clean(segment.segment().label(), LONGEST_LABEL),
                    segment.cases().size(),
                    shown(effect.meanOfCases()),
                    shown(effect.pooled()));
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("", "case", "loss", "weight when pooled", "pooled without it"));
            for (int i = 0; i < segment.cases().size(); i++) {
                BatchEffect.Case part = effect.cases().get(i);
                rows.add(List.of(
                        "",
                        // Counted from 1, as the lines of the list.
                        Integer.toString(segment.cases().get(i) + 1),
                        shown(part.loss()),
                        shown(part.weight()),
                        shown(part.pooledWithout())));
            }
            ScorecardText.print(rows, out);
        }
    }

    private static void line(PrintWriter out, String title, String format, Object... values) {
        Object[] texts = new Object[values.length];
        for (int i = 0; i < values.length; i++) {
            texts[i] = values[i] instanceof Double d ? shown(d) : values[i];
        }
        out.println("  " + title + ": " + String.format(Locale.ROOT, format, texts));
    }

    private static String shown(double value) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.6f", value);
    }
}
