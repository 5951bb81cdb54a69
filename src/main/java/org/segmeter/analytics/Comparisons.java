package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.Adjustment;
import org.segmeter.analytics.statistics.Alternative;
import org.segmeter.analytics.statistics.BlandAltman;
import org.segmeter.analytics.statistics.Moments;
import org.segmeter.analytics.statistics.PairedComparison;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.JsonDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Two sets of results on the same cases: which is better, by how much, and how sure that is. */
@Component
public final class Comparisons {

    /** Points that are told for charts, of each structure; the statistics are over all. */
    private static final int MOST_POINTS = 5_000;

    private static final double LEVEL = 0.95;

    private final ValueRows rows;

    Comparisons(ValueRows rows) {
        this.rows = rows;
    }

    /** How probabilities are adjusted for several structures. */
    public enum Adjust {
        HOLM,
        BENJAMINI_HOCHBERG,
        NONE
    }

    /**
     * A question.
     *
     * @param a and b: which results, of one metric
     * @param structures that are compared; none for all that both have
     * @param margin of non-inferiority in the metric's unit; null to leave it out
     * @param penaltyMm what a distance without a value counts; null to leave such cases out
     */
    public record Question(
            ResultFilter a,
            ResultFilter b,
            List<String> structures,
            Alternative alternative,
            Adjust adjust,
            @Nullable Double margin,
            @Nullable Double penaltyMm,
            long seed) {}

    /** Wilcoxon's signed-rank test of a - b. */
    public record Test(
            String name,
            String alternative,
            int n,
            int zeros,
            double positiveRanks,
            double negativeRanks,
            double p,
            double adjustedP,
            boolean exact,
            double rankBiserial) {}

    /** Of the mean gain of a over b; the gain is positive where a is better. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record NonInferiority(
            double margin,
            double level,
            double lowerBound,
            @Nullable Double p,
            boolean nonInferior) {}

    /** A case that both have. */
    public record Point(String caseId, double a, double b, UUID evaluationA, UUID evaluationB) {}

    /** Volumes of a case in ml. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Volumes(
            String caseId, double a, double b, @Nullable Double reference) {}

    /** Agreement of volumes in ml; differences are the first minus the second. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Agreement(
            int n,
            double bias,
            @Nullable Double sd,
            @Nullable Double lower,
            @Nullable Double upper) {
        static @Nullable Agreement of(List<double[]> pairs) {
            if (pairs.isEmpty()) {
                return null;
            }
            BlandAltman agreement = BlandAltman.of(
                    pairs.stream().mapToDouble(p -> p[0]).toArray(),
                    pairs.stream().mapToDouble(p -> p[1]).toArray());
            return new Agreement(
                    agreement.n(),
                    agreement.bias(),
                    Aggregates.finite(agreement.sd()),
                    Aggregates.finite(agreement.lower()),
                    Aggregates.finite(agreement.upper()));
        }
    }

    /**
     * Bland and Altman's limits for the volumes.
     *
     * @param between a against b
     * @param a against its reference
     * @param b against its reference
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record BlandAltmanOfVolumes(
            @Nullable Agreement between,
            @Nullable Agreement a,
            @Nullable Agreement b,
            List<Volumes> points) {}

    /**
     * The comparison of a structure.
     *
     * @param pairs cases that both have with a value
     * @param onlyA cases that only a has
     * @param onlyB cases that only b has
     * @param withoutValue cases that both have, but at least one has no value for
     * @param better the side for which the adjusted probability is below 0.05; null for none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Structure(
            String structure,
            JsonNode parameters,
            int pairs,
            int onlyA,
            int onlyB,
            int withoutValue,
            @Nullable Double meanA,
            @Nullable Double meanB,
            @Nullable Double meanDifference,
            @Nullable Double medianDifference,
            @Nullable Double sdDifference,
            Aggregates.@Nullable Confidence ci95,
            @Nullable Test test,
            @Nullable Double minimumDetectableDifference,
            @Nullable NonInferiority nonInferiority,
            @Nullable String better,
            @Nullable String warning,
            List<Point> points,
            @Nullable BlandAltmanOfVolumes volumes) {

        Structure adjusted(double p, @Nullable String winner) {
            Test before = test;
            return before == null
                    ? this
                    : new Structure(
                            structure,
                            parameters,
                            pairs,
                            onlyA,
                            onlyB,
                            withoutValue,
                            meanA,
                            meanB,
                            meanDifference,
                            medianDifference,
                            sdDifference,
                            ci95,
                            new Test(
                                    before.name(),
                                    before.alternative(),
                                    before.n(),
                                    before.zeros(),
                                    before.positiveRanks(),
                                    before.negativeRanks(),
                                    before.p(),
                                    p,
                                    before.exact(),
                                    before.rankBiserial()),
                            minimumDetectableDifference,
                            nonInferiority,
                            winner,
                            warning,
                            points,
                            volumes);
        }
    }

    /** The answer; differences are a - b. */
    public record Answer(
            String metric,
            String unit,
            String direction,
            String adjust,
            List<String> protocols,
            List<Structure> structures) {}

    /** @throws InvalidQuery if no metric is named */
    public Answer of(Question question) throws InvalidQuery {
        String name = question.a().metric();
        if (name == null) {
            throw new InvalidQuery("metric", "is needed, such as dice");
        }
        MetricDefinition metric = MetricNames.require("metric", name);
        Map<ValueRows.Measurand, Map<String, ValueRows.CaseValue>> a = rows.newestOfCases(question.a());
        Map<ValueRows.Measurand, Map<String, ValueRows.CaseValue>> b = rows.newestOfCases(question.b());
        boolean volumes = metric.group() != MetricDefinition.Group.COUNT;
        Map<String, Map<String, double[]>> volumesA = volumes ? volumes(question.a()) : Map.of();
        Map<String, Map<String, double[]>> volumesB = volumes ? volumes(question.b()) : Map.of();
        List<Structure> found = new ArrayList<>();
        TreeMap<String, ValueRows.Measurand> keys = new TreeMap<>();
        a.keySet().forEach(k -> keys.put(k.order(), k));
        b.keySet().forEach(k -> keys.put(k.order(), k));
        for (ValueRows.Measurand key : keys.values()) {
            if (!question.structures().isEmpty() && !question.structures().contains(key.structure())) {
                continue;
            }
            if (question.structures().isEmpty() && (!a.containsKey(key) || !b.containsKey(key))) {
                continue;
            }
            found.add(compare(
                    key,
                    metric,
                    a.getOrDefault(key, Map.of()),
                    b.getOrDefault(key, Map.of()),
                    volumes(
                            volumesA.getOrDefault(key.structure(), Map.of()),
                            volumesB.getOrDefault(key.structure(), Map.of())),
                    question));
        }
        TreeSet<String> protocols = new TreeSet<>(rows.protocols(question.a()));
        protocols.addAll(rows.protocols(question.b()));
        return new Answer(
                name,
                metric.unit(),
                metric.direction().name(),
                question.adjust().name(),
                List.copyOf(protocols),
                adjusted(found, metric, question.adjust()));
    }

    private static List<Structure> adjusted(List<Structure> found, MetricDefinition metric, Adjust adjust) {
        List<Structure> tested = found.stream().filter(s -> s.test() != null).toList();
        double[] p = tested.stream()
                .mapToDouble(s -> java.util.Objects.requireNonNull(s.test()).p())
                .toArray();
        double[] adjusted = switch (adjust) {
            case HOLM -> Adjustment.holm(p);
            case BENJAMINI_HOCHBERG -> Adjustment.benjaminiHochberg(p);
            case NONE -> p;
        };
        Map<Structure, Structure> after = new java.util.IdentityHashMap<>();
        for (int i = 0; i < tested.size(); i++) {
            Structure one = tested.get(i);
            double effect = java.util.Objects.requireNonNull(one.test()).rankBiserial();
            Double gain = switch (metric.direction()) {
                case HIGHER -> (Double) effect;
                case LOWER -> (Double) (-effect);
                case ZERO, NONE -> null;
            };
            String winner = adjusted[i] < 1 - LEVEL && gain != null && gain != 0 ? (gain > 0 ? "a" : "b") : null;
            after.put(one, one.adjusted(adjusted[i], winner));
        }
        return found.stream().map(s -> after.getOrDefault(s, s)).toList();
    }

    private Structure compare(
            ValueRows.Measurand key,
            MetricDefinition metric,
            Map<String, ValueRows.CaseValue> a,
            Map<String, ValueRows.CaseValue> b,
            @Nullable BlandAltmanOfVolumes volumes,
            Question question) {
        List<Point> points = new ArrayList<>();
        int onlyA = 0;
        int without = 0;
        for (Map.Entry<String, ValueRows.CaseValue> entry : a.entrySet()) {
            ValueRows.CaseValue left = entry.getValue();
            ValueRows.CaseValue right = b.get(entry.getKey());
            if (right == null) {
                onlyA++;
                continue;
            }
            Double first = CaseScore.of(left, metric, question.penaltyMm());
            Double second = CaseScore.of(right, metric, question.penaltyMm());
            if (first == null || second == null) {
                without++;
            } else {
                points.add(new Point(entry.getKey(), first, second, left.evaluation(), right.evaluation()));
            }
        }
        int onlyB = (int) b.keySet().stream().filter(c -> !a.containsKey(c)).count();
        JsonNode parameters = JsonDocument.read(key.parameters());
        if (points.isEmpty()) {
            return new Structure(
                    key.structure(),
                    parameters,
                    0,
                    onlyA,
                    onlyB,
                    without,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    "no case has a value on both sides",
                    List.of(),
                    volumes);
        }
        double[] first = points.stream().mapToDouble(Point::a).toArray();
        double[] second = points.stream().mapToDouble(Point::b).toArray();
        PairedComparison paired = PairedComparison.of(first, second, question.alternative(), question.seed());
        return new Structure(
                key.structure(),
                parameters,
                points.size(),
                onlyA,
                onlyB,
                without,
                Aggregates.finite(Moments.mean(first)),
                Aggregates.finite(Moments.mean(second)),
                paired.meanDifference(),
                paired.medianDifference(),
                Aggregates.finite(paired.sdDifference()),
                paired.interval() == null ? null : Aggregates.Confidence.of(paired.interval()),
                new Test(
                        "wilcoxon-signed-rank",
                        question.alternative().name(),
                        paired.test().n(),
                        paired.test().zeros(),
                        paired.test().positive(),
                        paired.test().negative(),
                        paired.test().p(),
                        paired.test().p(),
                        paired.test().exact(),
                        paired.test().rankBiserial()),
                Aggregates.finite(paired.minimumDetectable()),
                nonInferiority(metric, first, second, question),
                null,
                null,
                points.size() <= MOST_POINTS ? points : points.subList(0, MOST_POINTS),
                volumes);
    }

    private static @Nullable NonInferiority nonInferiority(
            MetricDefinition metric, double[] a, double[] b, Question question) {
        if (question.margin() == null || a.length < 2 || metric.direction() == MetricDefinition.Direction.NONE) {
            return null;
        }
        double[] gains = gains(metric, a, b);
        PairedComparison.NonInferiority answer =
                PairedComparison.NonInferiority.of(gains, question.margin(), LEVEL, question.seed());
        return new NonInferiority(
                answer.margin(),
                answer.level(),
                answer.lowerBound(),
                Aggregates.finite(answer.p()),
                answer.nonInferior());
    }

    static double[] gains(MetricDefinition metric, double[] a, double[] b) {
        double[] gains = new double[a.length];
        for (int i = 0; i < gains.length; i++) {
            Double gain = CaseScore.gain(metric, a[i], b[i]);
            gains[i] = gain == null ? 0 : gain;
        }
        return gains;
    }

    /** Volumes of prediction and reference, by structure and case. */
    private Map<String, Map<String, double[]>> volumes(ResultFilter filter) {
        Map<String, Map<String, double[]>> found = new HashMap<>();
        for (String name : List.of("volume_prediction_ml", "volume_reference_ml")) {
            int at = name.equals("volume_prediction_ml") ? 0 : 1;
            rows.newestOfCases(filter.ofMetric(name))
                    .forEach((key, cases) -> cases.forEach((caseId, value) -> {
                        if (value.value() != null) {
                            found.computeIfAbsent(key.structure(), unused -> new LinkedHashMap<>())
                                            .computeIfAbsent(caseId, unused -> new double[] {Double.NaN, Double.NaN})[
                                            at] =
                                    value.value();
                        }
                    }));
        }
        return found;
    }

    private static @Nullable BlandAltmanOfVolumes volumes(Map<String, double[]> a, Map<String, double[]> b) {
        List<Volumes> points = new ArrayList<>();
        List<double[]> between = new ArrayList<>();
        List<double[]> ofA = new ArrayList<>();
        List<double[]> ofB = new ArrayList<>();
        a.forEach((caseId, left) -> {
            double[] right = b.get(caseId);
            if (right == null || Double.isNaN(left[0]) || Double.isNaN(right[0])) {
                return;
            }
            between.add(new double[] {left[0], right[0]});
            if (!Double.isNaN(left[1])) {
                ofA.add(left);
            }
            if (!Double.isNaN(right[1])) {
                ofB.add(right);
            }
            if (points.size() < MOST_POINTS) {
                points.add(new Volumes(caseId, left[0], right[0], Aggregates.finite(left[1])));
            }
        });
        return points.isEmpty()
                ? null
                : new BlandAltmanOfVolumes(Agreement.of(between), Agreement.of(ofA), Agreement.of(ofB), points);
    }
}
