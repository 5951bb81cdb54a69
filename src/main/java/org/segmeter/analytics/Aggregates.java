package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.Interval;
import org.segmeter.analytics.statistics.Pooled;
import org.segmeter.analytics.statistics.Summary;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.JsonDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** What the results of many cases are together, by groups. */
@Component
public final class Aggregates {

    /** Results without a value whose evaluation grids are looked up for their penalty. */
    private static final int MOST_GRIDS = 20_000;

    /** Values whose sorting is worth more than one thread. */
    private static final long WORTH_DIVIDING = 50_000;

    private final ValueRows rows;
    private final ResultColumns columns;

    Aggregates(ValueRows rows, ResultColumns columns) {
        this.rows = rows;
        this.columns = columns;
    }

    private List<ValueRows.Group> groups(ResultFilter filter, List<Dimension> by) {
        return columns.groups(filter, by).orElseGet(() -> rows.groups(filter, by));
    }

    /** What can be left out to be quicker, or asked for. */
    public enum Stat {
        MEAN,
        MEDIAN,
        SD,
        MIN,
        MAX,
        QUANTILES,
        CI95,
        POOLED,
        HISTOGRAM
    }

    /**
     * A question.
     *
     * @param by how results are grouped; none for all together
     * @param stats what is wanted
     * @param quantiles from 0 to 1
     * @param penaltyMm what a distance without a value counts; null for the diagonal of its evaluation grid
     * @param seed of the bootstrap
     */
    public record Question(
            ResultFilter filter,
            List<Dimension> by,
            Set<Stat> stats,
            List<Double> quantiles,
            @Nullable Double penaltyMm,
            long seed) {}

    /**
     * Counts of the cases of a group; each is in one of detected, misses, hallucinations, agreedAbsent and notScored.
     *
     * @param failed of the notScored, those whose evaluation failed; they count for every structure
     */
    public record Counts(
            long cases,
            long detected,
            long misses,
            long hallucinations,
            long agreedAbsent,
            long notScored,
            long failed) {}

    /** An interval as it is told. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Confidence(
            double lower,
            double upper,
            double level,
            String method,
            int resamples,
            @Nullable String warning) {
        static Confidence of(Interval interval) {
            return new Confidence(
                    interval.lower(),
                    interval.upper(),
                    interval.level(),
                    interval.method().name(),
                    interval.resamples(),
                    interval.warning());
        }
    }

    /** Equal bins from least to most; the last one has its upper edge. */
    public record Histogram(double from, double to, List<Integer> counts) {}

    /** What a set of values says; what was not asked for, or is undefined for so few, is null. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Statistics(
            int n,
            @Nullable Double mean,
            @Nullable Double sd,
            @Nullable Double median,
            @Nullable Double min,
            @Nullable Double max,
            @Nullable Map<String, Double> quantiles,
            @Nullable Confidence ci95,
            @Nullable Histogram histogram) {}

    /**
     * A group.
     *
     * @param key value of each dimension; null where the sender said nothing
     * @param detected over the values where both sides have voxels
     * @param penalised over these and the misses and hallucinations, which count as the worst
     * @param pooled of all voxels together; null where that has no meaning
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Group(
            @JsonInclude(JsonInclude.Include.ALWAYS) Map<String, @Nullable String> key,
            JsonNode parameters,
            Counts counts,
            Statistics detected,
            Statistics penalised,
            @Nullable Double pooled) {}

    /**
     * The answer.
     *
     * @param protocols by which the values came about: more than one should not be mixed
     * @param groups in the order of their keys
     */
    public record Answer(
            String metric,
            String unit,
            String direction,
            List<String> groupBy,
            List<String> protocols,
            Map<String, String> definitions,
            List<Group> groups) {}

    private static final Map<String, String> DEFINITIONS = definitions();

    private static Map<String, String> definitions() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("detected", "values where both prediction and reference have voxels");
        all.put(
                "penalised",
                "detected, and misses and hallucinations with the worst value: what the protocol gives them, else the"
                        + " bound of the metric, else for a distance the penalty in mm");
        all.put("quantiles", "type 7 of Hyndman and Fan (1996)");
        all.put("sd", "n - 1");
        all.put(
                "ci95",
                "of the mean: BCa bootstrap over cases; Student's t below " + Bootstrap.FEWEST
                        + " cases; none for the median");
        all.put("pooled", "from the sums of TP, FP and FN over all cases");
        return java.util.Collections.unmodifiableMap(all);
    }

    /** @throws InvalidQuery if no metric is named */
    public Answer of(Question question) throws InvalidQuery {
        String name = question.filter().metric();
        if (name == null) {
            throw new InvalidQuery("metric", "is needed, such as dice");
        }
        MetricDefinition metric = MetricNames.require("metric", name);
        List<Dimension> by = question.by();
        List<ValueRows.Group> found = groups(question.filter(), by);
        Map<List<@Nullable String>, Long> failed = rows.evaluations(question.filter(), by, "FAILED");
        Map<List<@Nullable String>, double[]> counts =
                question.stats().contains(Stat.POOLED) && Pooled.isKnown(name) && !found.isEmpty()
                        ? columns.counts(question.filter(), by).orElseGet(() -> rows.counts(question.filter(), by))
                        : Map.of();
        Map<List<@Nullable String>, double[]> penalties = penalties(question, metric, found);
        int structure = by.indexOf(Dimension.STRUCTURE);
        List<Summaries> summaries = summaries(question, metric, found, penalties);
        List<Group> groups = new ArrayList<>();
        Set<List<@Nullable String>> met = new java.util.HashSet<>();
        for (int i = 0; i < found.size(); i++) {
            ValueRows.Group group = found.get(i);
            List<@Nullable String> evaluationKey = withoutStructure(group.key(), structure);
            met.add(evaluationKey);
            long failures = failed.getOrDefault(evaluationKey, 0L);
            double[] sums = counts.get(group.key());
            groups.add(new Group(
                    key(by, group.key()),
                    JsonDocument.read(group.parameters()),
                    counts(group, failures),
                    summaries.get(i).detected(),
                    summaries.get(i).penalised(),
                    sums == null ? null : boxed(Pooled.of(name, sums[0], sums[1], sums[2]))));
        }
        failed.forEach((key, failures) -> {
            // Nothing of this key was scored: it is told, too.
            if (failures > 0 && !met.contains(key)) {
                Statistics none = statistics(new double[0], metric, question);
                groups.add(new Group(
                        key(by, key),
                        JsonDocument.read("{}"),
                        new Counts(failures, 0, 0, 0, 0, failures, failures),
                        none,
                        none,
                        null));
            }
        });
        groups.sort(ORDER);
        return new Answer(
                name,
                metric.unit(),
                metric.direction().name(),
                by.stream().map(Dimension::word).toList(),
                rows.protocols(question.filter()),
                DEFINITIONS,
                groups);
    }

    private record Summaries(Statistics detected, Statistics penalised) {}

    /** Of each group, in their order. */
    private static List<Summaries> summaries(
            Question question,
            MetricDefinition metric,
            List<ValueRows.Group> groups,
            Map<List<@Nullable String>, double[]> penalties) {
        long values =
                groups.stream().mapToLong(group -> group.detected().length).sum();
        Stream<ValueRows.Group> work = values > WORTH_DIVIDING ? groups.parallelStream() : groups.stream();
        return work.map(group -> {
                    double[] penalty = penalties.getOrDefault(placed(group.key(), group.parameters()), new double[0]);
                    double[] missing = concat(group.oneEmpty(), penalty);
                    Statistics detected = statistics(group.detected(), metric, question);
                    return new Summaries(
                            detected,
                            missing.length == 0
                                    ? detected
                                    : statistics(concat(group.detected(), missing), metric, question));
                })
                .toList();
    }

    /**
     * The values of a structure, misses and hallucinations with the worst.
     *
     * @param values in no order
     */
    record Sample(String structure, String parameters, Counts counts, double[] values) {}

    /** Of each structure and set of parameters, by name. */
    List<Sample> samples(ResultFilter filter, MetricDefinition metric, @Nullable Double penaltyMm) {
        List<Dimension> by = List.of(Dimension.STRUCTURE);
        Question question = new Question(filter, by, Set.of(), List.of(), penaltyMm, 0);
        List<ValueRows.Group> found = groups(filter, by);
        Map<List<@Nullable String>, double[]> penalties = penalties(question, metric, found);
        long failures = rows.evaluations(filter, by, "FAILED").values().stream()
                .mapToLong(Long::longValue)
                .sum();
        List<Sample> samples = new ArrayList<>();
        for (ValueRows.Group group : found) {
            double[] penalty = penalties.getOrDefault(placed(group.key(), group.parameters()), new double[0]);
            samples.add(new Sample(
                    java.util.Objects.requireNonNullElse(group.key().getFirst(), ""),
                    group.parameters(),
                    counts(group, failures),
                    concat(group.detected(), concat(group.oneEmpty(), penalty))));
        }
        samples.sort(Comparator.comparing(Sample::structure).thenComparing(Sample::parameters));
        return samples;
    }

    private static Counts counts(ValueRows.Group group, long failures) {
        long detected = group.detected().length;
        return new Counts(
                detected
                        + group.misses()
                        + group.hallucinations()
                        + group.agreedAbsent()
                        + group.notScored()
                        + failures,
                detected,
                group.misses(),
                group.hallucinations(),
                group.agreedAbsent(),
                group.notScored() + failures,
                failures);
    }

    private static final Comparator<Group> ORDER = Comparator.comparing(
                    (Group g) -> new ArrayList<>(g.key().values()), Aggregates::compareKeys)
            .thenComparing(g -> g.parameters().toString());

    private static int compareKeys(List<@Nullable String> a, List<@Nullable String> b) {
        for (int i = 0; i < a.size(); i++) {
            String left = a.get(i);
            String right = b.get(i);
            int order = left == null ? (right == null ? 0 : 1) : right == null ? -1 : left.compareTo(right);
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    /** What misses and hallucinations without a value count, by key and parameters. */
    private Map<List<@Nullable String>, double[]> penalties(
            Question question, MetricDefinition metric, List<ValueRows.Group> found) {
        Map<List<@Nullable String>, double[]> penalties = new HashMap<>();
        Double worst = worst(metric);
        Double each = worst != null ? worst : isLength(metric) ? question.penaltyMm() : null;
        if (each != null) {
            for (ValueRows.Group group : found) {
                long without = group.misses() + group.hallucinations() - group.oneEmpty().length;
                double[] all = new double[Math.toIntExact(Math.max(0, without))];
                Arrays.fill(all, each);
                penalties.put(placed(group.key(), group.parameters()), all);
            }
        } else if (isLength(metric)
                && found.stream().anyMatch(g -> g.misses() + g.hallucinations() > g.oneEmpty().length)) {
            Map<List<@Nullable String>, List<Double>> lists = new HashMap<>();
            List<ValueRows.Missing> without = columns.missing(question.filter(), question.by())
                    .orElseGet(() -> rows.missing(question.filter(), question.by(), MOST_GRIDS));
            for (ValueRows.Missing missing : without) {
                if (Double.isFinite(missing.diagonal())) {
                    lists.computeIfAbsent(placed(missing.key(), missing.parameters()), unused -> new ArrayList<>())
                            .add(missing.diagonal());
                }
            }
            lists.forEach((key, list) -> penalties.put(
                    key, list.stream().mapToDouble(Double::doubleValue).toArray()));
        }
        return penalties;
    }

    static boolean isLength(MetricDefinition metric) {
        return metric.unit().equals("mm")
                && metric.direction() == MetricDefinition.Direction.LOWER
                && metric.most() == null;
    }

    /** The worst value of a bounded metric; null if there is none. */
    static @Nullable Double worst(MetricDefinition metric) {
        return switch (metric.direction()) {
            case HIGHER -> metric.least();
            case LOWER -> metric.most();
            case ZERO, NONE -> null;
        };
    }

    /** The diagonal of a grid, mm, from {@code "45, 37, 15"} and {@code "0.9, 0.9, 2.5"}; NaN if they are not three numbers. */
    static double diagonal(String voxels, String spacing) {
        String[] n = voxels.split(",", -1);
        String[] mm = spacing.split(",", -1);
        if (n.length != 3 || mm.length != 3) {
            return Double.NaN;
        }
        double squares = 0;
        try {
            for (int i = 0; i < 3; i++) {
                double side = Double.parseDouble(n[i].strip()) * Double.parseDouble(mm[i].strip());
                squares += side * side;
            }
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
        return Math.sqrt(squares);
    }

    private static final int BINS = 40;

    private static Statistics statistics(double[] values, MetricDefinition metric, Question question) {
        Set<Stat> stats = question.stats();
        Summary summary = Summary.of(values);
        Map<String, Double> quantiles = null;
        if (stats.contains(Stat.QUANTILES) && summary.n() > 0) {
            quantiles = new LinkedHashMap<>();
            for (double p : question.quantiles()) {
                quantiles.put(name(p), summary.quantile(p));
            }
        }
        return new Statistics(
                summary.n(),
                stats.contains(Stat.MEAN) ? finite(summary.mean()) : null,
                stats.contains(Stat.SD) ? finite(summary.sd()) : null,
                stats.contains(Stat.MEDIAN) ? finite(summary.median()) : null,
                stats.contains(Stat.MIN) ? finite(summary.quantile(0)) : null,
                stats.contains(Stat.MAX) ? finite(summary.quantile(1)) : null,
                quantiles,
                stats.contains(Stat.CI95) && summary.n() > 1
                        ? Confidence.of(Bootstrap.mean(summary.sorted(), 0.95, question.seed()))
                        : null,
                stats.contains(Stat.HISTOGRAM) && summary.n() > 0 ? histogram(summary.sorted(), metric) : null);
    }

    private static Histogram histogram(double[] sorted, MetricDefinition metric) {
        Double least = metric.least();
        Double most = metric.most();
        double from = least != null && most != null ? least : sorted[0];
        double to = least != null && most != null ? most : sorted[sorted.length - 1];
        if (to <= from) {
            to = from + 1;
        }
        Integer[] counts = new Integer[BINS];
        Arrays.fill(counts, 0);
        for (double value : sorted) {
            int bin = (int) Math.floor((value - from) / (to - from) * BINS);
            counts[Math.clamp(bin, 0, BINS - 1)]++;
        }
        return new Histogram(from, to, List.of(counts));
    }

    /** p5 for 0.05, p97.5 for 0.975. */
    static String name(double p) {
        return "p"
                + java.math.BigDecimal.valueOf(p)
                        .movePointRight(2)
                        .stripTrailingZeros()
                        .toPlainString();
    }

    static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    private static @Nullable Double boxed(java.util.OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }

    private static Map<String, @Nullable String> key(List<Dimension> by, List<@Nullable String> values) {
        Map<String, @Nullable String> key = new LinkedHashMap<>();
        for (int i = 0; i < by.size(); i++) {
            key.put(by.get(i).word(), values.get(i));
        }
        return key;
    }

    private static List<@Nullable String> placed(List<@Nullable String> key, String parameters) {
        List<@Nullable String> all = new ArrayList<>(key);
        all.add(parameters);
        return all;
    }

    private static List<@Nullable String> withoutStructure(List<@Nullable String> key, int structure) {
        if (structure < 0) {
            return key;
        }
        List<@Nullable String> without = new ArrayList<>(key);
        without.set(structure, null);
        return without;
    }

    private static double[] concat(double[] a, double[] b) {
        double[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
