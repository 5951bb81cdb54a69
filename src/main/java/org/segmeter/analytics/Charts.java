package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.ControlChart;
import org.segmeter.analytics.statistics.NelsonRule;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.JsonDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Control charts: the values of a structure, a metric and a model's version in the order in which they came. */
@Component
public final class Charts {

    /** Series in one answer. */
    public static final int MOST_SERIES = 60;

    /** Points of a series that are told, the newest; limits and rules are over all. */
    public static final int MOST_POINTS = 2_000;

    /** Cases of the baseline where nothing else is asked for: the pilot of the radiotherapy practice. */
    public static final int BASELINE = 30;

    private final ValueRows rows;

    Charts(ValueRows rows) {
        this.rows = rows;
    }

    /**
     * A question.
     *
     * @param filter with a metric
     * @param baseline cases from the beginning of a series that make its centre and limits
     * @param baselineVersion the version whose first cases make them for all versions; null for each its own
     */
    public record Question(
            ResultFilter filter,
            int baseline,
            @Nullable String baselineVersion,
            ControlChart.Sigma sigma,
            Set<NelsonRule> rules,
            @Nullable Double penaltyMm) {}

    /** Limits at 2 (warning) and 3 (alarm) sigma, not cut off at the bounds of the metric. */
    public record Limits(double lower3, double lower2, double upper2, double upper3) {}

    /** From which values centre and sigma are: so many of this version, and when they came. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Baseline(
            int n,
            @Nullable String version,
            Instant from,
            Instant to,
            double centre,
            double sigma,
            String sigmaMethod,
            Limits limits) {}

    /**
     * A point.
     *
     * @param rules numbers of the rules whose pattern it completes
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Point(
            int number,
            UUID evaluation,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            String caseId,

            Instant at,
            double value,
            String state,
            @Nullable Double z,
            List<Integer> rules) {}

    /** A rule that was broken, at a point after the baseline. */
    public record Violation(int rule, String description, int number, UUID evaluation, Instant at, double value) {}

    /**
     * A series.
     *
     * @param n values in it
     * @param withoutValue results without a value, which are not in the chart
     * @param baseline null while there are too few values for one
     * @param points the newest, in order
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Series(
            @Nullable String model,
            @Nullable String version,
            String structure,
            JsonNode parameters,
            int n,
            int withoutValue,
            @Nullable Baseline baseline,
            List<Violation> violations,
            List<Point> points) {}

    /** The answer. */
    public record Answer(String metric, String unit, String direction, boolean more, List<Series> series) {}

    private record Key(@Nullable String model, @Nullable String version, String structure, String parameters) {
        String order() {
            return Objects.toString(model, "\uffff") + "\0" + structure + "\0" + parameters + "\0"
                    + Objects.toString(version, "\uffff");
        }
    }

    /** @throws InvalidQuery if no metric is named */
    public Answer of(Question question) throws InvalidQuery {
        String name = question.filter().metric();
        if (name == null) {
            throw new InvalidQuery("metric", "is needed, such as dice");
        }
        MetricDefinition metric = MetricNames.require("metric", name);
        Map<String, Key> keys = new TreeMap<>();
        Map<Key, List<ValueRows.CaseValue>> values = new LinkedHashMap<>();
        for (ValueRows.CaseValue value : rows.series(question.filter())) {
            Key key = new Key(value.model(), value.version(), value.structure(), value.parameters());
            keys.putIfAbsent(key.order(), key);
            values.computeIfAbsent(key, unused -> new ArrayList<>()).add(value);
        }
        List<Series> series = new ArrayList<>();
        for (Key key : keys.values()) {
            if (series.size() == MOST_SERIES) {
                break;
            }
            List<ValueRows.CaseValue> own = values.getOrDefault(key, List.of());
            List<ValueRows.CaseValue> base = question.baselineVersion() == null
                    ? own
                    : values.getOrDefault(
                            new Key(key.model(), question.baselineVersion(), key.structure(), key.parameters()),
                            List.of());
            series.add(series(key, own, base, question, metric));
        }
        return new Answer(name, metric.unit(), metric.direction().name(), keys.size() > series.size(), series);
    }

    private static Series series(
            Key key,
            List<ValueRows.CaseValue> own,
            List<ValueRows.CaseValue> base,
            Question question,
            MetricDefinition metric) {
        List<Scored> scored = scored(own, metric, question.penaltyMm());
        boolean borrowed = base != own;
        List<Scored> baseline = borrowed ? scored(base, metric, question.penaltyMm()) : scored;
        int window = Math.min(question.baseline(), baseline.size());
        double[] all = scored.stream().mapToDouble(Scored::score).toArray();
        Baseline told = null;
        List<ControlChart.Violation> found = List.of();
        if (window >= ControlChart.FEWEST_BASELINE && (borrowed || scored.size() >= question.baseline())) {
            double[] before = baseline.subList(0, window).stream()
                    .mapToDouble(Scored::score)
                    .toArray();
            // Borrowed values come first, so that one chart has both.
            double[] joined = borrowed ? concat(before, all) : all;
            ControlChart chart = ControlChart.of(joined, 0, window, question.sigma(), question.rules());
            int offset = borrowed ? window : 0;
            int first = borrowed ? 0 : window;
            found = chart.violations().stream()
                    .map(v -> new ControlChart.Violation(v.index() - offset, v.rule()))
                    .filter(v -> v.index() >= first)
                    .toList();
            told = new Baseline(
                    window,
                    borrowed ? question.baselineVersion() : key.version(),
                    baseline.getFirst().value().at(),
                    baseline.get(window - 1).value().at(),
                    chart.centre(),
                    chart.sigma(),
                    chart.sigmaMethod().name(),
                    new Limits(chart.limit(-3), chart.limit(-2), chart.limit(2), chart.limit(3)));
        }
        Map<Integer, List<Integer>> rules = new LinkedHashMap<>();
        List<Violation> violations = new ArrayList<>();
        for (ControlChart.Violation v : found) {
            Scored at = scored.get(v.index());
            rules.computeIfAbsent(v.index(), unused -> new ArrayList<>())
                    .add(v.rule().number());
            violations.add(new Violation(
                    v.rule().number(),
                    v.rule().description(),
                    v.index() + 1,
                    at.value().evaluation(),
                    at.value().at(),
                    at.score()));
        }
        List<Point> points = new ArrayList<>();
        for (int i = Math.max(0, scored.size() - MOST_POINTS); i < scored.size(); i++) {
            Scored one = scored.get(i);
            points.add(new Point(
                    i + 1,
                    one.value().evaluation(),
                    one.value().caseId(),
                    one.value().at(),
                    one.score(),
                    one.value().state(),
                    told == null || told.sigma() == 0
                            ? null
                            : Aggregates.finite((one.score() - told.centre()) / told.sigma()),
                    rules.getOrDefault(i, List.of())));
        }
        return new Series(
                key.model(),
                key.version(),
                key.structure(),
                JsonDocument.read(key.parameters()),
                scored.size(),
                own.size() - scored.size(),
                told,
                violations,
                points);
    }

    private record Scored(ValueRows.CaseValue value, double score) {}

    private static List<Scored> scored(
            List<ValueRows.CaseValue> values, MetricDefinition metric, @Nullable Double penaltyMm) {
        List<Scored> scored = new ArrayList<>(values.size());
        for (ValueRows.CaseValue value : values) {
            Double score = CaseScore.of(value, metric, penaltyMm);
            if (score != null) {
                scored.add(new Scored(value, score));
            }
        }
        return scored;
    }

    private static double[] concat(double[] a, double[] b) {
        double[] both = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
