package org.segmeter.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.fragility.Fragility;
import org.segmeter.scoring.GeometryReport;
import org.segmeter.scoring.Scorecard;
import org.segmeter.volume.InputException;

/** Scorecards and refusals as text for people and spreadsheets. */
final class ScorecardText {

    /** Columns of the short table, as far as the protocol has them. */
    private static final List<String> COLUMNS = List.of(
            "dice",
            "jaccard",
            "precision",
            "sensitivity",
            "volume_prediction_ml",
            "volume_reference_ml",
            "hd",
            "hd95",
            "masd",
            "assd",
            "nsd");

    private static final int LONGEST_LABEL = 32;

    private ScorecardText() {}

    static void table(Scorecard card, boolean all, PrintWriter out) {
        GeometryReport g = card.geometry();
        out.printf(
                "%s  %s against %s%n",
                card.protocol().id(),
                card.prediction().format(),
                card.reference().format());
        out.printf(
                Locale.ROOT,
                "grid %d x %d x %d at %s x %s x %s %s, geometry %s (%.3g voxels apart), covered: prediction %.1f %%, reference %.1f %%%n",
                g.evaluationGrid().get(0),
                g.evaluationGrid().get(1),
                g.evaluationGrid().get(2),
                short3(g.spacingMm().get(0)),
                short3(g.spacingMm().get(1)),
                short3(g.spacingMm().get(2)),
                g.pixelUnits() ? "pixels" : "mm",
                g.verdict().name().toLowerCase(Locale.ROOT),
                g.cornerDisplacementVoxels(),
                100 * g.predictionCovered(),
                100 * g.referenceCovered());
        out.println();
        List<List<String>> rows = new ArrayList<>();
        if (all) {
            rows.add(List.of("segment", "label", "metric", "value", "unit", "state"));
            for (Scorecard.SegmentScore s : card.segments()) {
                lines(rows, number(s), s.segment().label(), s.metrics());
                lines(rows, number(s), s.segment().label(), s.loss());
            }
            lines(rows, "all", "", card.overall().metrics());
            lines(rows, "all", "", card.overall().loss());
        } else {
            List<String> columns = COLUMNS.stream()
                    .filter(c -> card.overall().metrics().containsKey(c))
                    .toList();
            List<String> head = new ArrayList<>(List.of("segment", "label"));
            for (String column : columns) {
                for (MetricValue v : card.overall().metrics().getOrDefault(column, List.of())) {
                    head.add(title(column, v));
                }
            }
            head.add("");
            rows.add(head);
            for (Scorecard.SegmentScore s : card.segments()) {
                rows.add(row(number(s), s.segment().label(), columns, s.metrics(), s.match()));
            }
            if (card.segments().size() != 1) {
                rows.add(row("all", "", columns, card.overall().metrics(), null));
            }
        }
        print(rows, out);
        if (card.segments().size() > 1) {
            Scorecard.Overall o = card.overall();
            out.printf(
                    "%n%d segments: %d on both sides, %d missed, %d hallucinated, %d absent on both%n",
                    card.segments().size(), o.detected(), o.missed(), o.hallucinated(), o.agreedAbsent());
            List<Scorecard.Mean> dice = o.mean().getOrDefault("dice", List.of());
            if (!dice.isEmpty()) {
                out.printf(
                        "mean Dice: %s over those on both sides, %s with the missed and hallucinated%n",
                        decimal(dice.getFirst().detected(), 4),
                        decimal(dice.getFirst().penalised(), 4));
            }
        }
        for (Scorecard.SegmentScore s : card.segments()) {
            Fragility fragility = s.fragility();
            if (fragility != null && card.segments().size() <= 10) {
                out.println("segment " + number(s) + ": " + fragility.sentence());
                if (fragility.smallObjectWarning() != null) {
                    out.println("segment " + number(s) + ": " + fragility.smallObjectWarning());
                }
            }
        }
        for (String notice : card.notices()) {
            out.println("note: " + clean(notice, 500));
        }
    }

    static void csv(Scorecard card, PrintWriter out) {
        out.println("protocol,segment,label,match,metric,parameters,value,unit,state");
        for (Scorecard.SegmentScore s : card.segments()) {
            String match = s.match().name().toLowerCase(Locale.ROOT).replace('_', '-');
            String label = s.segment().label();
            csv(card.protocol().id(), number(s), label, match, s.metrics(), out);
            csv(card.protocol().id(), number(s), label, match, s.loss(), out);
        }
        csv(card.protocol().id(), "all", "", "", card.overall().metrics(), out);
        csv(card.protocol().id(), "all", "", "", card.overall().loss(), out);
        for (Scorecard.ProtocolScores scores : card.byProtocol()) {
            for (int i = 0; i < scores.segments().size(); i++) {
                Scorecard.SegmentScore s = card.segments().get(i);
                String match = s.match().name().toLowerCase(Locale.ROOT).replace('_', '-');
                csv(
                        scores.protocol().id(),
                        number(s),
                        s.segment().label(),
                        match,
                        scores.segments().get(i),
                        out);
            }
            csv(scores.protocol().id(), "all", "", "", scores.overall(), out);
        }
    }

    static void problem(InputException e, PrintWriter err) {
        err.println("segmeter: " + e.getMessage());
        err.println("  problem:  " + e.problem().slug());
        if (e.side() != null) {
            err.println("  side:     " + e.side());
        }
        if (e.found() != null) {
            err.println("  found:    " + e.found());
        }
        if (e.expected() != null) {
            err.println("  expected: " + e.expected());
        }
        e.details().forEach((name, value) -> err.println("  " + name + ": " + value));
    }

    private static String number(Scorecard.SegmentScore s) {
        return Integer.toString(s.segment().number());
    }

    /** A row for each value: segment, label, name with parameters, value, unit, state. */
    static void lines(List<List<String>> rows, String segment, String label, Map<String, List<MetricValue>> metrics) {
        metrics.forEach((name, values) -> {
            for (MetricValue v : values) {
                rows.add(List.of(
                        segment,
                        clean(label, LONGEST_LABEL),
                        name + (v.parameters().isEmpty() ? "" : " " + parameters(v)),
                        v.value() == null ? "-" : v.value().toString(),
                        v.unit(),
                        v.state().name()));
            }
        });
    }

    private static List<String> row(
            String segment,
            String label,
            List<String> columns,
            Map<String, List<MetricValue>> metrics,
            Scorecard.@Nullable MatchRule match) {
        List<String> cells = new ArrayList<>(List.of(segment, clean(label, LONGEST_LABEL)));
        String state = "";
        for (String column : columns) {
            for (MetricValue v : metrics.getOrDefault(column, List.of())) {
                cells.add(decimal(v.value(), v.unit().equals("1") ? 4 : 3));
                state = switch (v.state()) {
                    case BOTH_EMPTY -> "absent on both sides";
                    case PREDICTION_EMPTY -> "missed";
                    case REFERENCE_EMPTY -> "hallucinated";
                    default -> state;
                };
            }
        }
        if (match == Scorecard.MatchRule.UNMATCHED) {
            state = state.isEmpty() ? "no counterpart" : state + " (no counterpart)";
        }
        cells.add(state);
        return cells;
    }

    private static String title(String column, MetricValue v) {
        String name = switch (column) {
            case "volume_prediction_ml" -> "prediction ml";
            case "volume_reference_ml" -> "reference ml";
            default -> column + (v.unit().equals("1") ? "" : " " + v.unit());
        };
        Object tolerance = v.parameters().get("toleranceMm");
        return tolerance == null ? name : name + "@" + tolerance + "mm";
    }

    /** Columns side by side; numbers stand at the right. */
    static void print(List<List<String>> rows, PrintWriter out) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                String cell = row.get(i);
                boolean number =
                        cell.matches("-|-?[0-9].*") && i > 1 || rows.getFirst() == row && i > 1 && !cell.isEmpty();
                String padding = " ".repeat(widths[i] - cell.length());
                line.append(i == 0 ? "" : "  ").append(number ? padding + cell : cell + padding);
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private static void csv(
            String protocol,
            String segment,
            String label,
            String match,
            Map<String, List<MetricValue>> metrics,
            PrintWriter out) {
        metrics.forEach((name, values) -> {
            for (MetricValue v : values) {
                out.println(String.join(
                        ",",
                        protocol,
                        segment,
                        cell(label),
                        match,
                        name,
                        cell(v.parameters().isEmpty() ? "" : parameters(v)),
                        v.value() == null ? "" : v.value().toString(),
                        v.unit(),
                        v.state().name()));
            }
        });
    }

    static String parameters(MetricValue v) {
        List<String> parts = new ArrayList<>();
        v.parameters().forEach((name, value) -> parts.add(name + "=" + value));
        return String.join(";", parts);
    }

    /** A label comes from a file: quoted, without control characters, and nothing that a spreadsheet would take for a formula. */
    private static String cell(String text) {
        String clean = clean(text, 500);
        if (!clean.isEmpty() && "=+-@".indexOf(clean.charAt(0)) >= 0 && !clean.matches("-?\\d+")) {
            clean = "'" + clean;
        }
        return clean.matches("[^\",]*") ? clean : "\"" + clean.replace("\"", "\"\"") + "\"";
    }

    /** A label comes from a file: nothing in it may move a terminal's cursor. */
    static String clean(String text, int most) {
        String clean = text.replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
        return clean.length() <= most ? clean : clean.substring(0, most - 3) + "...";
    }

    static String decimal(@Nullable Number value, int digits) {
        if (value == null) {
            return "-";
        }
        return value instanceof Long || value instanceof Integer
                ? value.toString()
                : String.format(Locale.ROOT, "%." + digits + "f", value.doubleValue());
    }

    private static String short3(double value) {
        String text = String.format(Locale.ROOT, "%.3f", value);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }
}
