package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.Aggregates;
import org.segmeter.analytics.Alert;
import org.segmeter.analytics.Alerts;
import org.segmeter.analytics.Charts;
import org.segmeter.analytics.Comparisons;
import org.segmeter.analytics.Dimension;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.analytics.statistics.Alternative;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.ControlChart;
import org.segmeter.analytics.statistics.NelsonRule;
import org.segmeter.evaluation.EvaluationQuery;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What many results say together: aggregates, comparisons, control charts and their alerts. */
@RestController
@RequestMapping("/api/v1")
final class AnalyticsController {

    private static final int MOST_DIMENSIONS = 4;
    private static final int MOST_STRUCTURES = 500;
    private static final List<Double> QUANTILES = List.of(0.05, 0.25, 0.75, 0.95);
    private static final Set<Aggregates.Stat> USUAL = EnumSet.complementOf(EnumSet.of(Aggregates.Stat.HISTOGRAM));

    private final Aggregates aggregates;
    private final Comparisons comparisons;
    private final Charts charts;
    private final Alerts alerts;
    private final JsonMapper json;

    AnalyticsController(Aggregates aggregates, Comparisons comparisons, Charts charts, Alerts alerts, JsonMapper json) {
        this.aggregates = aggregates;
        this.comparisons = comparisons;
        this.charts = charts;
        this.alerts = alerts;
        this.json = json;
    }

    @GetMapping("/aggregates")
    ResponseEntity<byte[]> aggregates(HttpServletRequest http) {
        AnalyticsParameters parameters = AnalyticsParameters.of(http, "groupBy", "stat", "penalty", "seed");
        ResultFilter filter = parameters.filter();
        List<Dimension> by = new ArrayList<>();
        for (String word : parameters.words("groupBy")) {
            Dimension dimension = AnalyticsParameters.constant("groupBy", word, Dimension.class);
            if (by.contains(dimension) || by.size() == MOST_DIMENSIONS) {
                throw AnalyticsParameters.invalid(
                        "groupBy", "has at most " + MOST_DIMENSIONS + " dimensions, each once");
            }
            by.add(dimension);
        }
        Set<Aggregates.Stat> stats = EnumSet.noneOf(Aggregates.Stat.class);
        List<Double> quantiles = new ArrayList<>();
        for (String word : parameters.words("stat")) {
            if (word.matches("p[0-9]{1,2}(\\.[0-9]{1,3})?")) {
                quantiles.add(new java.math.BigDecimal(word.substring(1))
                        .movePointLeft(2)
                        .doubleValue());
                stats.add(Aggregates.Stat.QUANTILES);
            } else {
                stats.add(AnalyticsParameters.constant("stat", word, Aggregates.Stat.class));
            }
        }
        try {
            Aggregates.Answer answer = aggregates.of(new Aggregates.Question(
                    filter,
                    by,
                    stats.isEmpty() ? USUAL : stats,
                    quantiles.isEmpty() ? QUANTILES : quantiles,
                    parameters.positive("penalty"),
                    parameters.seed(Bootstrap.SEED)));
            return AnalyticsParameters.tagged(http, json.writeValueAsBytes(answer));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.invalid(e);
        }
    }

    @PostMapping("/comparisons")
    ResponseEntity<byte[]> compare(HttpServletRequest http) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        Set<String> members = Set.of(
                "a",
                "b",
                "metric",
                "parameters",
                "structures",
                "alternative",
                "adjust",
                "margin",
                "penaltyMm",
                "seed",
                "test");
        if (!request.isObject() || !members.containsAll(request.propertyNames())) {
            throw AnalyticsParameters.wrong(
                    "request",
                    "is a JSON object with a, b, metric and, if wanted, "
                            + "parameters, structures, test, alternative, adjust, margin, penaltyMm, seed");
        }
        Map<String, String> common = new LinkedHashMap<>();
        JsonNode metric = request.path("metric");
        if (!metric.isString()) {
            throw AnalyticsParameters.wrong("metric", "is the name of a metric, such as dice");
        }
        common.put("metric", metric.stringValue());
        if (request.has("parameters")) {
            if (!request.path("parameters").isObject()) {
                throw AnalyticsParameters.wrong("parameters", "is an object, such as {\"toleranceMm\":1.0}");
            }
            common.put("parameters", request.path("parameters").toString());
        }
        ResultFilter a = AnalyticsParameters.filter(request.path("a"), "a", common);
        ResultFilter b = AnalyticsParameters.filter(request.path("b"), "b", common);
        if (!java.util.Objects.equals(a.metric(), b.metric())) {
            throw AnalyticsParameters.wrong("metric", "is one for both sides");
        }
        if (!request.path("test").asString("wilcoxon").equals("wilcoxon")) {
            throw AnalyticsParameters.wrong("test", "is wilcoxon");
        }
        try {
            return ResponseEntity.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(json.writeValueAsBytes(comparisons.of(new Comparisons.Question(
                            a,
                            b,
                            structures(request.path("structures")),
                            constant(request, "alternative", Alternative.TWO_SIDED, Alternative.class),
                            constant(request, "adjust", Comparisons.Adjust.HOLM, Comparisons.Adjust.class),
                            positive(request, "margin"),
                            positive(request, "penaltyMm"),
                            seed(request)))));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.wrong(e.parameter(), e.rule());
        }
    }

    private static List<String> structures(JsonNode node) throws InputException {
        List<String> structures = new ArrayList<>();
        if (node.isMissingNode()) {
            return structures;
        }
        for (JsonNode structure : node) {
            if (structure.isString()) {
                structures.add(structure.stringValue());
            }
        }
        if (!node.isArray() || structures.size() != node.size() || structures.size() > MOST_STRUCTURES) {
            throw AnalyticsParameters.wrong("structures", "is a list of at most " + MOST_STRUCTURES + " texts");
        }
        return structures;
    }

    private static <E extends Enum<E>> E constant(JsonNode request, String member, E otherwise, Class<E> type)
            throws InputException {
        JsonNode node = request.path(member);
        if (node.isMissingNode()) {
            return otherwise;
        }
        try {
            return AnalyticsParameters.constant(member, node.asString(""), type);
        } catch (ProblemException e) {
            List<String> words =
                    EnumSet.allOf(type).stream().map(AnalyticsParameters::word).toList();
            throw AnalyticsParameters.wrong(member, "is one of " + String.join(", ", words));
        }
    }

    private static @Nullable Double positive(JsonNode request, String member) throws InputException {
        JsonNode node = request.path(member);
        if (node.isMissingNode()) {
            return null;
        }
        if (!node.isNumber() || !(node.doubleValue() > 0 && node.doubleValue() <= 1e9)) {
            throw AnalyticsParameters.wrong(member, "is a number above 0");
        }
        return node.doubleValue();
    }

    private static long seed(JsonNode request) throws InputException {
        JsonNode node = request.path("seed");
        if (node.isMissingNode()) {
            return Bootstrap.SEED;
        }
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw AnalyticsParameters.wrong("seed", "is a whole number");
        }
        return node.longValue();
    }

    @GetMapping("/charts")
    ResponseEntity<byte[]> charts(HttpServletRequest http) {
        AnalyticsParameters parameters =
                AnalyticsParameters.of(http, "baseline", "baselineVersion", "sigma", "rules", "penalty");
        ResultFilter filter = parameters.filter();
        Set<NelsonRule> rules = EnumSet.noneOf(NelsonRule.class);
        for (String word : parameters.words("rules")) {
            if (!word.matches("[1-8]")) {
                throw AnalyticsParameters.invalid("rules", "is a list of numbers from 1 to 8, such as 1,2,3,5");
            }
            rules.add(NelsonRule.of(Integer.parseInt(word)));
        }
        String sigma = http.getParameter("sigma");
        try {
            Charts.Answer answer = charts.of(new Charts.Question(
                    filter,
                    parameters.integer("baseline", Charts.BASELINE, ControlChart.FEWEST_BASELINE, 10_000),
                    parameters.text("baselineVersion"),
                    sigma == null
                            ? ControlChart.Sigma.MOVING_RANGE
                            : AnalyticsParameters.constant("sigma", sigma, ControlChart.Sigma.class),
                    rules.isEmpty() ? Alerts.RULES : rules,
                    parameters.positive("penalty")));
            return AnalyticsParameters.tagged(http, json.writeValueAsBytes(answer));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.invalid(e);
        }
    }

    @GetMapping("/alerts")
    ResponseEntity<byte[]> alerts(HttpServletRequest http) {
        AnalyticsParameters parameters = AnalyticsParameters.of(http);
        Map<String, String> equal = new LinkedHashMap<>();
        for (String name : http.getParameterMap().keySet()) {
            switch (name) {
                case "limit", "cursor" -> {
                    // Read below.
                }
                case "state" ->
                    equal.put(
                            name,
                            AnalyticsParameters.constant(name, http.getParameter(name), Alerts.State.class)
                                    .name());
                case "model", "version", "structure", "metric" -> equal.put(name, parameters.text(name));
                default ->
                    throw AnalyticsParameters.invalid(
                            AnalyticsParameters.shown(name),
                            "is not known; there are cursor, limit, metric, model, state, structure, version");
            }
        }
        String cursor = http.getParameter("cursor");
        EvaluationQuery.Position after = cursor == null ? null : Cursor.decode(cursor);
        Alerts.Page page = alerts.list(
                equal,
                after == null ? null : new Alerts.Position(after.createdAt(), after.id()),
                parameters.integer("limit", 50, 1, 1000));
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("alerts", page.alerts());
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON);
        if (page.next() != null) {
            String next = Cursor.encode(
                    new EvaluationQuery.Position(page.next().at(), page.next().id()));
            body.put("nextCursor", next);
            answer.header(HttpHeaders.LINK, "<" + ResultController.next(http, next) + ">; rel=\"next\"");
        }
        return answer.body(json.writeValueAsBytes(body));
    }

    @GetMapping("/alerts/{id}")
    ResponseEntity<byte[]> alert(@PathVariable("id") String id) {
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(find(id)));
    }

    @PatchMapping("/alerts/{id}")
    ResponseEntity<byte[]> acknowledge(@PathVariable("id") String id, HttpServletRequest http)
            throws IOException, InputException {
        Alert alert = find(id);
        JsonNode request = JsonBody.read(http);
        if (!request.isObject() || !Set.of("acknowledgedBy", "reason").equals(Set.copyOf(request.propertyNames()))) {
            throw AnalyticsParameters.wrong("request", "is a JSON object with acknowledgedBy and reason");
        }
        String by = text(request, "acknowledgedBy", 100);
        String reason = text(request, "reason", 1000);
        return switch (alerts.acknowledge(alert.id(), by, reason)) {
            case DONE -> alert(id);
            case ABSENT -> throw absent();
            case CONFLICT -> {
                Alert now = find(id);
                throw new ProblemException(Problem.of(
                                ServiceProblem.ALERT_STATE,
                                "The alert was acknowledged by %s.".formatted(now.acknowledgedBy()))
                        .with("state", now.state()));
            }
        };
    }

    private static String text(JsonNode request, String member, int longest) throws InputException {
        JsonNode node = request.path(member);
        if (!node.isString()
                || node.stringValue().isBlank()
                || node.stringValue().length() > longest
                || node.stringValue().chars().anyMatch(c -> Character.isISOControl(c) && c != '\n')) {
            throw AnalyticsParameters.wrong(member, "is a text of 1 to " + longest + " characters");
        }
        return node.stringValue().strip();
    }

    private Alert find(String id) {
        if (id.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")) {
            return alerts.find(UUID.fromString(id)).orElseThrow(AnalyticsController::absent);
        }
        throw absent();
    }

    private static ProblemException absent() {
        return new ProblemException(ServiceProblem.ALERT_NOT_FOUND, "No alert has this id.");
    }
}
