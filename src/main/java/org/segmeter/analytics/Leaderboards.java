package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.Ranking;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.JsonDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Rankings of models by a metric, for each structure and over all, with what the cases can and cannot tell. */
@Component
public final class Leaderboards {

    /** Entrants of a ranking. */
    public static final int MOST_ENTRANTS = 50;

    private static final int MOST_CASES = 20_000;

    /** Values that resamples may look at; beyond, the ranks of resamples are left out, and the answer says so. */
    private static final double MOST_WORK = 4e9;

    private final ValueRows rows;

    Leaderboards(ValueRows rows) {
        this.rows = rows;
    }

    /**
     * A question.
     *
     * @param filter with a metric
     * @param schemes how to rank
     * @param resamples for rank intervals; 0 for none
     * @param penaltyMm what a distance without a value counts; needed for distances, where a value may be missing
     */
    public record Question(
            ResultFilter filter,
            Set<Ranking.Scheme> schemes,
            int resamples,
            @Nullable Double penaltyMm,
            long seed) {}

    /** Who is ranked: a model in a version. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Entrant(String model, @Nullable String version) {}

    /**
     * A place.
     *
     * @param rank from 1; ties have the smallest
     * @param score what was ranked: mean, median, mean rank or tests won
     * @param lower and upper: where 95 % of the ranks of resamples lie; null if there are none
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Place(
            Entrant entrant,
            int rank,
            double score,
            @Nullable Integer lower,
            @Nullable Integer upper) {}

    /** A ranking by one scheme, best first. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Table(
            String scheme, List<Place> places, @Nullable String warning) {}

    /** How alike two schemes rank; null if one ranks all alike. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Tau(String a, String b, @Nullable Double tau) {}

    /**
     * A structure.
     *
     * @param cases that at least one entrant has; what another does not have counts as the worst
     * @param missing by entrant, in the order of {@link Answer#entrants}
     * @param groups of entrants that the cases cannot tell apart
     */
    public record Task(
            String structure,
            JsonNode parameters,
            int cases,
            List<Integer> missing,
            List<Table> tables,
            List<List<Entrant>> groups,
            List<Tau> tau) {}

    /**
     * The answer.
     *
     * @param worst what a missing value counted
     * @param consensus ranking of the mean ranks over the tasks, by scheme
     */
    public record Answer(
            String metric,
            String unit,
            String direction,
            double worst,
            int resamples,
            List<String> protocols,
            List<Entrant> entrants,
            List<Task> tasks,
            List<Table> consensus) {}

    /** @throws InvalidQuery naming the parameter that is wrong */
    public Answer of(Question question) throws InvalidQuery {
        String name = question.filter().metric();
        if (name == null) {
            throw new InvalidQuery("metric", "is needed, such as dice");
        }
        MetricDefinition metric = MetricNames.require("metric", name);
        if (metric.direction() != MetricDefinition.Direction.HIGHER
                && metric.direction() != MetricDefinition.Direction.LOWER) {
            throw new InvalidQuery("metric", "is one of which larger or smaller values are better");
        }
        boolean higher = metric.direction() == MetricDefinition.Direction.HIGHER;
        Map<String, Entrant> entrants = new TreeMap<>();
        Map<String, ValueRows.Measurand> order = new TreeMap<>();
        Map<ValueRows.Measurand, Map<String, Map<Entrant, Double>>> values = new LinkedHashMap<>();
        double seen = higher ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        for (ValueRows.CaseValue value : rows.newest(question.filter())) {
            if (value.model() == null || value.caseId() == null) {
                continue;
            }
            if (value.state().equals("BOTH_EMPTY")) {
                // Agreed absence is no task that anybody could fail.
                continue;
            }
            Entrant entrant = new Entrant(value.model(), value.version());
            entrants.putIfAbsent(value.model() + "\0" + Objects.toString(value.version(), ""), entrant);
            ValueRows.Measurand key = new ValueRows.Measurand(value.structure(), value.parameters());
            order.putIfAbsent(key.order(), key);
            Double score = CaseScore.of(value, metric, question.penaltyMm());
            Map<Entrant, Double> ofCase = values.computeIfAbsent(key, unused -> new LinkedHashMap<>())
                    .computeIfAbsent(value.caseId(), unused -> new LinkedHashMap<>());
            if (score != null) {
                ofCase.put(entrant, score);
                seen = higher ? Math.min(seen, score) : Math.max(seen, score);
            }
        }
        if (entrants.size() > MOST_ENTRANTS) {
            throw new InvalidQuery(
                    "model",
                    "is needed: %d versions of models are too many, at most %d are ranked"
                            .formatted(entrants.size(), MOST_ENTRANTS));
        }
        Double bound = Aggregates.worst(metric);
        double worst = bound != null
                ? bound
                : question.penaltyMm() != null ? question.penaltyMm() : Double.isFinite(seen) ? seen : 0;
        List<Entrant> all = List.copyOf(entrants.values());
        List<Task> tasks = new ArrayList<>();
        Map<Ranking.Scheme, double[]> rankSums = new LinkedHashMap<>();
        if (all.size() > 1) {
            for (ValueRows.Measurand key : order.values()) {
                tasks.add(task(key, values.getOrDefault(key, Map.of()), all, higher, worst, question, rankSums));
            }
        }
        List<Table> consensus = new ArrayList<>();
        rankSums.forEach((scheme, sums) -> {
            double[] means = Arrays.stream(sums).map(s -> s / tasks.size()).toArray();
            double[][] column =
                    Arrays.stream(means).mapToObj(m -> new double[] {m}).toArray(double[][]::new);
            Ranking.Result result = Ranking.rank(column, false, all.size(), Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK);
            consensus.add(table(scheme, all, result, null, null));
        });
        return new Answer(
                name,
                metric.unit(),
                metric.direction().name(),
                worst,
                question.resamples(),
                rows.protocols(question.filter()),
                all,
                tasks,
                consensus);
    }

    private static Task task(
            ValueRows.Measurand key,
            Map<String, Map<Entrant, Double>> cases,
            List<Entrant> entrants,
            boolean higher,
            double worst,
            Question question,
            Map<Ranking.Scheme, double[]> rankSums)
            throws InvalidQuery {
        List<String> names = List.copyOf(new TreeSet<>(cases.keySet()));
        if (names.size() > MOST_CASES) {
            throw new InvalidQuery(
                    "from",
                    "is needed: %d cases are too many, at most %d are ranked".formatted(names.size(), MOST_CASES));
        }
        double[][] values = new double[entrants.size()][names.size()];
        List<Integer> missing = new ArrayList<>();
        for (int e = 0; e < values.length; e++) {
            int without = 0;
            for (int c = 0; c < names.size(); c++) {
                Double value = cases.getOrDefault(names.get(c), Map.of()).get(entrants.get(e));
                values[e][c] = value == null ? Double.NaN : value;
                without += value == null ? 1 : 0;
            }
            missing.add(without);
        }
        List<Table> tables = new ArrayList<>();
        List<double[]> ranks = new ArrayList<>();
        List<Ranking.Scheme> schemes = List.copyOf(question.schemes());
        for (Ranking.Scheme scheme : schemes) {
            Ranking.Result result = Ranking.rank(values, higher, worst, scheme);
            ranks.add(doubles(result.ranks()));
            double[] sums = rankSums.computeIfAbsent(scheme, unused -> new double[entrants.size()]);
            for (int e = 0; e < sums.length; e++) {
                sums[e] += result.ranks()[e];
            }
            double pairs = scheme == Ranking.Scheme.TEST_THEN_RANK
                    ? 40.0 * entrants.size() * entrants.size()
                    : 4.0 * entrants.size();
            boolean possible = pairs * names.size() * question.resamples() <= MOST_WORK;
            Ranking.Spread spread = question.resamples() > 0 && possible
                    ? Ranking.spread(values, higher, worst, scheme, question.resamples(), question.seed())
                    : null;
            tables.add(table(
                    scheme,
                    entrants,
                    result,
                    spread,
                    possible || question.resamples() == 0
                            ? null
                            : "too many cases and entrants for ranks of resamples"));
        }
        List<Tau> tau = new ArrayList<>();
        for (int i = 0; i < schemes.size(); i++) {
            for (int j = i + 1; j < schemes.size(); j++) {
                tau.add(new Tau(
                        word(schemes.get(i)),
                        word(schemes.get(j)),
                        Aggregates.finite(Ranking.tauB(ranks.get(i), ranks.get(j)))));
            }
        }
        List<List<Entrant>> groups = Ranking.inseparable(values, higher, worst).stream()
                .map(group -> group.stream().map(entrants::get).toList())
                .toList();
        return new Task(
                key.structure(), JsonDocument.read(key.parameters()), names.size(), missing, tables, groups, tau);
    }

    private static Table table(
            Ranking.Scheme scheme,
            List<Entrant> entrants,
            Ranking.Result result,
            Ranking.@Nullable Spread spread,
            @Nullable String warning) {
        List<Place> places = new ArrayList<>();
        for (int e = 0; e < entrants.size(); e++) {
            places.add(new Place(
                    entrants.get(e),
                    result.ranks()[e],
                    result.scores()[e],
                    spread == null ? null : (Integer) spread.lower()[e],
                    spread == null ? null : (Integer) spread.upper()[e]));
        }
        places.sort(java.util.Comparator.comparingInt(Place::rank));
        return new Table(word(scheme), places, warning);
    }

    private static String word(Ranking.Scheme scheme) {
        return scheme.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    private static double[] doubles(int[] ranks) {
        return Arrays.stream(ranks).asDoubleStream().toArray();
    }
}
