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
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.SoftFacts;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.scoring.BatchReport;
import org.segmeter.scoring.LaboratoryReport;

/** Reports of the laboratory as text for people; what is left out for brevity is in the JSON. */
final class LossText {

    private static final int LONGEST_LABEL = 32;

    private static final List<String> GRADIENT_HEAD = List.of(
            "",
            "gradient",
            "on reference",
            "elsewhere",
            "norm",
            "share on reference",
            "through a sigmoid",
            "its share");

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
                    classGradients(measured.report(), out);
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
        gradients(segment.losses().gradients(), out);
        out.println();
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

    private static void gradients(Map<String, GradientFacts> gradients, PrintWriter out) {
        if (gradients.isEmpty()) {
            return;
        }
        out.println();
        List<List<String>> rows = new ArrayList<>();
        rows.add(GRADIENT_HEAD);
        gradients.forEach((name, of) -> rows.add(List.of(
                "",
                name,
                slope(of.onReference(), of.onReferencePerError(), "(1-p)", of.parts() != null),
                slope(of.elsewhere(), of.elsewherePerProbability(), "p", of.parts() != null),
                significant(of.norm()),
                shown(of.shareOnReference()),
                significant(of.logitNorm()),
                shown(of.logitShareOnReference()))));
        ScorecardText.print(rows, out);
        if (gradients.values().stream().anyMatch(of -> of.parts() != null)) {
            out.println("  + f: and the slope of what is added voxel by voxel");
        }
    }

    private static void classGradients(LossReport report, PrintWriter out) {
        out.println();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "gradient", "norm", "share on reference", "through a sigmoid", "its share"));
        report.gradients()
                .forEach((name, of) -> rows.add(List.of(
                        "",
                        name,
                        significant(of.norm()),
                        shown(of.shareOnReference()),
                        significant(of.logitNorm()),
                        shown(of.logitShareOnReference()))));
        ScorecardText.print(rows, out);
        report.wasserstein()
                .forEach((name, of) -> out.printf(
                        Locale.ROOT,
                        "  %s: norm %s, %s of its square on the foreground; through the softmax %s, %s%n",
                        name,
                        significant(of.norm()),
                        shown(of.shareOnForeground()),
                        significant(of.softmaxNorm()),
                        shown(of.softmaxShareOnForeground())));
    }

    private static String slope(double constant, double perUnit, String unit, boolean more) {
        String text = significant(constant);
        if (perUnit != 0) {
            text += (perUnit < 0 ? " - " : " + ") + significant(Math.abs(perUnit)) + unit;
        }
        return more ? text + " + f" : text;
    }

    /** Slopes of large volumes are small: by their first digits. */
    private static String significant(double value) {
        return value == 0 ? "0" : Double.isFinite(value) ? String.format(Locale.ROOT, "%.4g", value) : "-";
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
