package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.Leaderboards;
import org.segmeter.analytics.NamedLeaderboard;
import org.segmeter.analytics.NamedLeaderboards;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.Ranking;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.util.RawValue;

/** {@code /api/v1/leaderboards}: models ranked by a metric, and how much that ranking is worth; now, or kept under a name. */
@RestController
@RequestMapping("/api/v1/leaderboards")
final class LeaderboardController {

    private static final int RESAMPLES = 1_000;
    private static final int MOST_RESAMPLES = 10_000;
    private static final int MOST_LISTED = 1_000;
    private static final String NAME = "[a-z0-9][a-z0-9._-]{0,62}";
    private static final Set<String> MEMBERS = Set.of(
            "name", "title", "metric", "parameters", "filter", "schemes", "resamples", "penaltyMm", "seed", "frozen");

    private final Leaderboards leaderboards;
    private final NamedLeaderboards named;
    private final JsonMapper json;

    LeaderboardController(Leaderboards leaderboards, NamedLeaderboards named, JsonMapper json) {
        this.leaderboards = leaderboards;
        this.named = named;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> rank(HttpServletRequest http) {
        if (http.getParameterMap().isEmpty()) {
            return list();
        }
        AnalyticsParameters parameters = AnalyticsParameters.of(http, "scheme", "resamples", "penalty", "seed");
        ResultFilter filter = parameters.filter();
        Set<Ranking.Scheme> schemes = EnumSet.noneOf(Ranking.Scheme.class);
        for (String word : parameters.words("scheme")) {
            schemes.add(AnalyticsParameters.constant("scheme", word, Ranking.Scheme.class));
        }
        try {
            return AnalyticsParameters.tagged(
                    http,
                    json.writeValueAsBytes(leaderboards.of(new Leaderboards.Question(
                            filter,
                            schemes.isEmpty() ? EnumSet.allOf(Ranking.Scheme.class) : schemes,
                            parameters.integer("resamples", RESAMPLES, 0, MOST_RESAMPLES),
                            parameters.positive("penalty"),
                            parameters.seed(Bootstrap.SEED)))));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.invalid(e);
        }
    }

    private ResponseEntity<byte[]> list() {
        List<Map<String, Object>> all =
                named.list(MOST_LISTED).stream().map(this::document).toList();
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(Map.of("leaderboards", all)));
    }

    @PostMapping
    ResponseEntity<byte[]> add(HttpServletRequest http) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        if (!(request instanceof ObjectNode document) || !MEMBERS.containsAll(request.propertyNames())) {
            throw AnalyticsParameters.wrong(
                    "request",
                    "is a JSON object with name, metric and, if wanted, title, parameters, filter, schemes, resamples,"
                            + " penaltyMm, seed and frozen");
        }
        String name = request.path("name").asString("");
        if (!name.matches(NAME)) {
            throw AnalyticsParameters.wrong(
                    "name", "has 1 to 63 small letters, digits, points, dashes and underscores");
        }
        JsonNode title = request.path("title");
        if (!title.isMissingNode() && (!title.isString() || title.stringValue().length() > 200)) {
            throw AnalyticsParameters.wrong("title", "is a text of at most 200 characters");
        }
        JsonNode frozen = request.path("frozen");
        if (!frozen.isMissingNode() && !frozen.isBoolean()) {
            throw AnalyticsParameters.wrong("frozen", "is true or false");
        }
        // Asked at once, so that what is kept can be answered.
        String answer = answer(question(request));
        document.remove(List.of("name", "frozen"));
        NamedLeaderboards.Added added =
                named.add(name, JsonDocument.write(document), frozen.asBoolean(false) ? answer : null);
        return ResponseEntity.status(added.isNew() ? 201 : 200)
                .header(HttpHeaders.LOCATION, path(added.leaderboard()))
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(document(added.leaderboard(), answer)));
    }

    @GetMapping("/{name}")
    ResponseEntity<byte[]> get(@PathVariable("name") String name, HttpServletRequest http) throws InputException {
        AnalyticsParameters parameters = AnalyticsParameters.of(http);
        for (String parameter : http.getParameterMap().keySet()) {
            if (!parameter.equals("version")) {
                throw AnalyticsParameters.invalid(
                        AnalyticsParameters.shown(parameter), "is not known; there is version");
            }
        }
        int version = parameters.integer("version", 0, 1, 1_000_000);
        NamedLeaderboard found =
                named.find(name, version == 0 ? null : version).orElseThrow(LeaderboardController::absent);
        String answer = found.answer() == null ? answer(question(JsonDocument.read(found.document()))) : found.answer();
        return AnalyticsParameters.tagged(http, json.writeValueAsBytes(document(found, answer)));
    }

    @DeleteMapping("/{name}")
    ResponseEntity<byte[]> delete(@PathVariable("name") String name) {
        if (!named.remove(name)) {
            throw absent();
        }
        return ResponseEntity.noContent().build();
    }

    private String answer(Leaderboards.Question question) throws InputException {
        try {
            return json.writeValueAsString(leaderboards.of(question));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.wrong(e.parameter(), e.rule());
        }
    }

    private static Leaderboards.Question question(JsonNode document) throws InputException {
        Map<String, String> metric = new LinkedHashMap<>();
        if (!document.path("metric").isString()) {
            throw AnalyticsParameters.wrong("metric", "is the name of a metric, such as dice");
        }
        metric.put("metric", document.path("metric").stringValue());
        JsonNode parameters = document.path("parameters");
        if (!parameters.isMissingNode()) {
            if (!parameters.isObject()) {
                throw AnalyticsParameters.wrong("parameters", "is an object, such as {\"toleranceMm\":1.0}");
            }
            metric.put("parameters", parameters.toString());
        }
        JsonNode filter = document.path("filter");
        for (String own : List.of("metric", "parameters")) {
            if (filter.has(own)) {
                throw AnalyticsParameters.wrong("filter." + own, "stands beside the filter");
            }
        }
        Set<Ranking.Scheme> schemes = EnumSet.noneOf(Ranking.Scheme.class);
        JsonNode words = document.path("schemes");
        if (!words.isMissingNode() && !words.isArray()) {
            throw noScheme();
        }
        for (JsonNode word : words) {
            schemes.add(scheme(word));
        }
        JsonNode resamples = document.path("resamples");
        if (!resamples.isMissingNode()
                && (!resamples.isIntegralNumber()
                        || !resamples.canConvertToInt()
                        || resamples.intValue() < 0
                        || resamples.intValue() > MOST_RESAMPLES)) {
            throw AnalyticsParameters.wrong("resamples", "is a whole number from 0 to " + MOST_RESAMPLES);
        }
        JsonNode penalty = document.path("penaltyMm");
        if (!penalty.isMissingNode()
                && (!penalty.isNumber() || !(penalty.doubleValue() > 0 && penalty.doubleValue() <= 1e9))) {
            throw AnalyticsParameters.wrong("penaltyMm", "is a number above 0");
        }
        JsonNode seed = document.path("seed");
        if (!seed.isMissingNode() && (!seed.isIntegralNumber() || !seed.canConvertToLong())) {
            throw AnalyticsParameters.wrong("seed", "is a whole number");
        }
        return new Leaderboards.Question(
                AnalyticsParameters.filter(
                        filter.isMissingNode() ? JsonNodeFactory.instance.objectNode() : filter, "filter", metric),
                schemes.isEmpty() ? EnumSet.allOf(Ranking.Scheme.class) : schemes,
                resamples.isMissingNode() ? RESAMPLES : resamples.intValue(),
                penalty.isMissingNode() ? null : (Double) penalty.doubleValue(),
                seed.isMissingNode() ? Bootstrap.SEED : seed.longValue());
    }

    private static Ranking.Scheme scheme(JsonNode word) throws InputException {
        for (Ranking.Scheme scheme : Ranking.Scheme.values()) {
            if (AnalyticsParameters.word(scheme).equals(word.asString(""))) {
                return scheme;
            }
        }
        throw noScheme();
    }

    private static InputException noScheme() {
        return AnalyticsParameters.wrong(
                "schemes",
                "is a list of "
                        + String.join(
                                ", ",
                                EnumSet.allOf(Ranking.Scheme.class).stream()
                                        .map(AnalyticsParameters::word)
                                        .toList()));
    }

    private Map<String, Object> document(NamedLeaderboard leaderboard) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("name", leaderboard.name());
        document.put("version", leaderboard.version());
        document.put("createdAt", leaderboard.createdAt().toString());
        document.put("frozen", leaderboard.isFrozen());
        document.put("question", new RawValue(leaderboard.document()));
        document.put("links", Map.of("self", path(leaderboard)));
        return document;
    }

    private Map<String, Object> document(NamedLeaderboard leaderboard, String answer) {
        Map<String, Object> document = document(leaderboard);
        document.put("ranking", new RawValue(answer));
        return document;
    }

    /** Of this very version, which never changes. */
    private static String path(NamedLeaderboard leaderboard) {
        return "/api/v1/leaderboards/" + leaderboard.name() + "?version=" + leaderboard.version();
    }

    private static ProblemException absent() {
        return new ProblemException(
                ServiceProblem.LEADERBOARD_NOT_FOUND, "No leaderboard has this name, or it has no such version.");
    }
}
