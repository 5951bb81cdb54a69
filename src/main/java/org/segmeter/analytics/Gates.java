package org.segmeter.analytics;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.MedianBound;
import org.segmeter.analytics.statistics.PairedComparison;
import org.segmeter.analytics.statistics.Summary;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.scoring.JsonDocument;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Gates and their runs: whether results are good enough, as rules say that were written down before. */
@Component
public final class Gates {

    private static final double LEVEL = 0.95;
    private static final int MOST_EVALUATIONS = 10_000;

    /** Misses and hallucinations are counted by its states. */
    private static final String COUNTED_BY = "dice";

    private final GateRows gates;
    private final ValueRows values;
    private final Aggregates aggregates;
    private final JsonMapper json;

    Gates(GateRows gates, ValueRows values, Aggregates aggregates, JsonMapper json) {
        this.gates = gates;
        this.values = values;
        this.aggregates = aggregates;
        this.json = json;
    }

    public List<Gate> list() {
        return gates.list();
    }

    public Optional<Gate> find(String id) {
        return gates.find(id);
    }

    /** Adds or changes a gate; runs that there are keep the rules they were started with. True if it was not there. */
    public boolean put(String id, Gate.Document document) {
        return gates.put(id, json.writeValueAsString(document));
    }

    /** Removes a gate with its runs; false if it is not there. */
    public boolean remove(String id) {
        return gates.remove(id);
    }

    /**
     * Starts a run; it is done at once if all results are there.
     *
     * @param request an object with one of batch, query and evaluations
     * @throws InvalidQuery naming the member that is wrong
     */
    public GateRun start(Gate gate, JsonNode request) throws InvalidQuery {
        ResultFilter subject = subject(request);
        if (subject.batch() != null && gates.batchIsRunning(subject.batch()).isEmpty()) {
            throw new InvalidQuery("batch", "is the id of a batch that exists");
        }
        if (subject.evaluations() != null) {
            int known = gates.known(subject.evaluations());
            if (known < subject.evaluations().size()) {
                throw new InvalidQuery("evaluations", "are ids of evaluations that exist");
            }
        }
        UUID id = gates.insert(gate, json.writeValueAsString(document(gate)), json.writeValueAsString(request));
        return run(gate.id(), id).orElseThrow();
    }

    private static Gate.Document document(Gate gate) {
        return new Gate.Document(gate.title(), gate.rules(), gate.baseline(), gate.penaltyMm());
    }

    /** A run as it is now: one whose results have all come meanwhile gets its verdict, once and for ever. */
    public Optional<GateRun> run(String gate, UUID id) {
        Optional<GateRows.Stored> stored = gates.run(gate, id);
        if (stored.isEmpty() || stored.get().verdict() != null) {
            return stored.map(this::read);
        }
        try {
            ResultFilter subject = subject(JsonDocument.read(stored.get().subject()));
            if (isRunning(subject)) {
                return stored.map(this::read);
            }
            List<GateRun.Check> checks = check(Gate.Document.read(stored.get().document()), subject);
            String verdict = checks.stream().allMatch(GateRun.Check::passed) ? "PASS" : "FAIL";
            gates.finish(id, verdict, json.writeValueAsString(checks));
        } catch (InvalidQuery e) {
            throw new IllegalStateException("a stored run cannot be read: " + e.rule(), e);
        }
        return gates.run(gate, id).map(this::read);
    }

    /** Newest first. */
    public List<GateRun> runs(String gate, int limit) {
        return gates.runs(gate, limit).stream().map(this::read).toList();
    }

    private GateRun read(GateRows.Stored stored) {
        List<GateRun.Check> checks = null;
        if (stored.checks() != null) {
            checks = List.of(json.readValue(stored.checks(), GateRun.Check[].class));
        }
        return new GateRun(
                stored.id(),
                stored.gate(),
                stored.gateVersion(),
                JsonDocument.read(stored.subject()),
                stored.verdict() == null ? "RUNNING" : "DONE",
                stored.createdAt(),
                stored.finishedAt(),
                stored.verdict(),
                checks);
    }

    private boolean isRunning(ResultFilter subject) {
        if (subject.batch() != null && gates.batchIsRunning(subject.batch()).orElse(false)) {
            return true;
        }
        return values.isUnfinished(subject);
    }

    private static ResultFilter subject(JsonNode request) throws InvalidQuery {
        if (!request.isObject() || request.size() != 1) {
            throw new InvalidQuery("request", "is a JSON object with one of batch, query and evaluations");
        }
        JsonNode batch = request.path("batch");
        JsonNode query = request.path("query");
        JsonNode evaluations = request.path("evaluations");
        if (batch.isString()) {
            return ResultFilter.parse(Map.of("batch", batch.stringValue()));
        }
        if (query.isObject()) {
            Map<String, String> conditions = Gate.Document.conditions("query", query);
            return ResultFilter.parse(conditions == null ? Map.of() : conditions);
        }
        if (evaluations.isArray() && !evaluations.isEmpty() && evaluations.size() <= MOST_EVALUATIONS) {
            TreeSet<UUID> ids = new TreeSet<>();
            for (JsonNode id : evaluations) {
                if (!id.isString() || !id.stringValue().matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")) {
                    throw new InvalidQuery("evaluations", "are ids of evaluations");
                }
                ids.add(UUID.fromString(id.stringValue()));
            }
            return ResultFilter.parse(Map.of()).ofEvaluations(List.copyOf(ids));
        }
        throw new InvalidQuery(
                "request",
                "has a batch (its id), a query (an object of conditions) or evaluations (1 to " + MOST_EVALUATIONS
                        + " ids)");
    }

    /** Every rule for every structure that it is about. */
    List<GateRun.Check> check(Gate.Document gate, ResultFilter subject) throws InvalidQuery {
        Map<String, List<Aggregates.Sample>> samples = new HashMap<>();
        List<GateRun.Check> checks = new ArrayList<>();
        for (GateRule rule : GateRule.parse(gate.rules())) {
            switch (rule) {
                case GateRule.Absolute absolute -> {
                    List<Aggregates.Sample> found =
                            samples(absolute.metric(), absolute.structure(), gate, subject, samples);
                    for (Aggregates.Sample sample : found) {
                        checks.add(absolute(absolute, sample));
                    }
                    none(found.isEmpty(), rule, absolute.metric().definition().name(), checks);
                }
                case GateRule.Relative relative -> relative(relative, gate, subject, checks);
                case GateRule.NonInferior nonInferior -> nonInferior(nonInferior, gate, subject, checks);
                case GateRule.Count count -> count(count, gate, subject, samples, checks);
            }
        }
        return checks;
    }

    private static void none(boolean empty, GateRule rule, String metric, List<GateRun.Check> checks) {
        if (empty) {
            checks.add(new GateRun.Check(
                    rule.text(),
                    rule.structure(),
                    null,
                    null,
                    0,
                    false,
                    "There is no result of " + metric
                            + (rule.structure() == null ? "." : " for " + rule.structure() + ".")));
        }
    }

    private List<Aggregates.Sample> samples(
            GateRule.Metric metric,
            @Nullable String structure,
            Gate.Document gate,
            ResultFilter subject,
            Map<String, List<Aggregates.Sample>> known)
            throws InvalidQuery {
        String key = metric.definition().name() + metric.parameters() + "\0" + (structure == null ? "" : structure);
        List<Aggregates.Sample> found = known.get(key);
        if (found == null) {
            found = aggregates.samples(filter(metric, structure, subject), metric.definition(), gate.penaltyMm());
            known.put(key, found);
        }
        return found;
    }

    private static ResultFilter filter(GateRule.Metric metric, @Nullable String structure, ResultFilter subject) {
        ResultFilter filter = subject.ofMetric(metric.definition().name(), metric.parameters());
        return structure == null ? filter : filter.with(Dimension.STRUCTURE, structure);
    }

    private static GateRun.Check absolute(GateRule.Absolute rule, Aggregates.Sample sample) {
        Summary summary = Summary.of(sample.values());
        double observed = switch (rule.statistic()) {
            case GateRule.Statistic.Mean mean -> summary.mean();
            case GateRule.Statistic.Median median -> summary.median();
            case GateRule.Statistic.Sd sd -> summary.sd();
            case GateRule.Statistic.Quantile quantile -> summary.quantile(quantile.p());
        };
        boolean passed = Double.isFinite(observed) && rule.operator().holds(observed, rule.threshold());
        return new GateRun.Check(
                rule.text(),
                sample.structure(),
                parameters(sample.parameters()),
                Aggregates.finite(observed),
                summary.n(),
                passed,
                Double.isFinite(observed)
                        ? "It is %s over %d cases; %s %s was asked for."
                                .formatted(
                                        number(observed),
                                        summary.n(),
                                        rule.operator().sign(),
                                        number(rule.threshold()))
                        : "It is not defined for %d cases.".formatted(summary.n()));
    }

    private void count(
            GateRule.Count rule,
            Gate.Document gate,
            ResultFilter subject,
            Map<String, List<Aggregates.Sample>> known,
            List<GateRun.Check> checks)
            throws InvalidQuery {
        if (rule.what() == GateRule.Countable.FAILED) {
            long failed = values.evaluations(subject, List.of(), "FAILED").values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            checks.add(counted(rule, null, failed, Math.toIntExact(failed)));
            return;
        }
        GateRule.Metric metric = new GateRule.Metric(MetricNames.require("rules", COUNTED_BY), null);
        List<Aggregates.Sample> found = samples(metric, rule.structure(), gate, subject, known);
        for (Aggregates.Sample sample : found) {
            Aggregates.Counts counts = sample.counts();
            long observed = switch (rule.what()) {
                case N -> sample.values().length;
                case MISSED_CASES -> counts.misses();
                case HALLUCINATIONS -> counts.hallucinations();
                case NOT_SCORED -> counts.notScored();
                case FAILED -> counts.failed();
            };
            checks.add(counted(rule, sample.structure(), observed, sample.values().length));
        }
        none(found.isEmpty(), rule, COUNTED_BY, checks);
    }

    private static GateRun.Check counted(GateRule.Count rule, @Nullable String structure, long observed, int n) {
        return new GateRun.Check(
                rule.text(),
                structure,
                null,
                (double) observed,
                n,
                rule.operator().holds(observed, rule.threshold()),
                "It is %d; %s %s was asked for."
                        .formatted(observed, rule.operator().sign(), number(rule.threshold())));
    }

    private record Pairs(double[] subject, double[] baseline, int withoutValue) {}

    private void relative(GateRule.Relative rule, Gate.Document gate, ResultFilter subject, List<GateRun.Check> checks)
            throws InvalidQuery {
        Map<ValueRows.Measurand, Pairs> all = pairs(rule.metric(), rule.structure(), gate, subject);
        all.forEach((key, pairs) -> {
            int n = pairs.subject().length;
            double[] differences = new double[n];
            for (int i = 0; i < n; i++) {
                differences[i] = pairs.subject()[i] - pairs.baseline()[i];
            }
            boolean mean = rule.statistic() instanceof GateRule.Statistic.Mean;
            double bound = bound(differences, mean, rule.operator().asksForMuch());
            boolean known = Double.isFinite(bound);
            checks.add(new GateRun.Check(
                    rule.text(),
                    key.structure(),
                    parameters(key.parameters()),
                    Aggregates.finite(bound),
                    n,
                    known && rule.operator().holds(bound, rule.threshold()),
                    known
                            ? "The %s bound of the %s difference is %s over %d cases%s (one-sided, 95 %%); %s %s was asked for."
                                    .formatted(
                                            rule.operator().asksForMuch() ? "lower" : "upper",
                                            mean ? "mean" : "median",
                                            number(bound),
                                            n,
                                            without(pairs),
                                            rule.operator().sign(),
                                            number(rule.threshold()))
                            : "%d cases with a value on both sides are too few%s.".formatted(n, without(pairs))));
        });
        none(all.isEmpty(), rule, rule.metric().definition().name(), checks);
    }

    private static double bound(double[] differences, boolean mean, boolean lower) {
        double[] oriented =
                lower ? differences : Arrays.stream(differences).map(d -> -d).toArray();
        double bound;
        if (mean) {
            bound = oriented.length < 2 ? Double.NaN : Bootstrap.lowerBound(oriented, LEVEL, Bootstrap.SEED);
        } else {
            bound = MedianBound.lower(oriented, LEVEL);
        }
        return lower ? bound : -bound;
    }

    private void nonInferior(
            GateRule.NonInferior rule, Gate.Document gate, ResultFilter subject, List<GateRun.Check> checks)
            throws InvalidQuery {
        MetricDefinition metric = rule.metric().definition();
        Map<ValueRows.Measurand, Pairs> all = pairs(rule.metric(), rule.structure(), gate, subject);
        all.forEach((key, pairs) -> {
            int n = pairs.subject().length;
            if (n < 2) {
                checks.add(new GateRun.Check(
                        rule.text(),
                        key.structure(),
                        parameters(key.parameters()),
                        null,
                        n,
                        false,
                        "%d cases with a value on both sides are too few%s.".formatted(n, without(pairs))));
                return;
            }
            PairedComparison.NonInferiority answer = PairedComparison.NonInferiority.of(
                    Comparisons.gains(metric, pairs.subject(), pairs.baseline()), rule.margin(), LEVEL, Bootstrap.SEED);
            checks.add(new GateRun.Check(
                    rule.text(),
                    key.structure(),
                    parameters(key.parameters()),
                    answer.lowerBound(),
                    n,
                    answer.nonInferior(),
                    "The mean gain over the baseline is above %s over %d cases%s (one-sided, 95 %%); above %s was asked for."
                            .formatted(number(answer.lowerBound()), n, without(pairs), number(-rule.margin()))));
        });
        none(all.isEmpty(), rule, metric.name(), checks);
    }

    private static String without(Pairs pairs) {
        return pairs.withoutValue() == 0 ? "" : " (" + pairs.withoutValue() + " more have no value)";
    }

    /** Cases that both have, the newest result of each, by structure and parameters. */
    private Map<ValueRows.Measurand, Pairs> pairs(
            GateRule.Metric metric, @Nullable String structure, Gate.Document gate, ResultFilter subject)
            throws InvalidQuery {
        Map<String, String> baseline = gate.baseline();
        if (baseline == null) {
            return Map.of();
        }
        Map<ValueRows.Measurand, Map<String, ValueRows.CaseValue>> ours =
                values.newestOfCases(filter(metric, structure, subject));
        Map<ValueRows.Measurand, Map<String, ValueRows.CaseValue>> theirs =
                values.newestOfCases(filter(metric, structure, ResultFilter.parse(baseline)));
        Map<String, ValueRows.Measurand> order = new TreeMap<>();
        ours.keySet().forEach(k -> order.put(k.order(), k));
        Map<ValueRows.Measurand, Pairs> all = new LinkedHashMap<>();
        for (ValueRows.Measurand key : order.values()) {
            Map<String, ValueRows.CaseValue> before = theirs.getOrDefault(key, Map.of());
            List<double[]> found = new ArrayList<>();
            int without = 0;
            for (Map.Entry<String, ValueRows.CaseValue> entry :
                    ours.getOrDefault(key, Map.of()).entrySet()) {
                ValueRows.CaseValue other = before.get(entry.getKey());
                if (other == null) {
                    continue;
                }
                Double a = CaseScore.of(entry.getValue(), metric.definition(), gate.penaltyMm());
                Double b = CaseScore.of(other, metric.definition(), gate.penaltyMm());
                if (a == null || b == null) {
                    without++;
                } else {
                    found.add(new double[] {a, b});
                }
            }
            all.put(
                    key,
                    new Pairs(
                            found.stream().mapToDouble(p -> p[0]).toArray(),
                            found.stream().mapToDouble(p -> p[1]).toArray(),
                            without));
        }
        return all;
    }

    private static @Nullable JsonNode parameters(String text) {
        return text.equals("{}") ? null : JsonDocument.read(text);
    }

    static String number(double value) {
        if (value != 0 && Math.abs(value) < 0.001) {
            // Four digits that say something: a margin of 0.00002 is not 0.
            return BigDecimal.valueOf(value)
                    .round(new MathContext(4))
                    .stripTrailingZeros()
                    .toPlainString();
        }
        String text = String.format(Locale.ROOT, "%.4f", value);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }
}
