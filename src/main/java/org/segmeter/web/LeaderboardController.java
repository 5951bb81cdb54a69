package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.EnumSet;
import java.util.Set;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.Leaderboards;
import org.segmeter.analytics.ResultFilter;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.Ranking;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** {@code /api/v1/leaderboards}: models ranked by a metric, and how much that ranking is worth. */
@RestController
@RequestMapping("/api/v1/leaderboards")
final class LeaderboardController {

    private static final int RESAMPLES = 1_000;
    private static final int MOST_RESAMPLES = 10_000;

    private final Leaderboards leaderboards;
    private final JsonMapper json;

    LeaderboardController(Leaderboards leaderboards, JsonMapper json) {
        this.leaderboards = leaderboards;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> rank(HttpServletRequest http) {
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
}
