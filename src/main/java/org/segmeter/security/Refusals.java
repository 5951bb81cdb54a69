package org.segmeter.security;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.telemetry.ServiceMetrics;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** What is answered to those who are not let in: a problem document (RFC 9457) and the challenge of RFC 6750, and no reason to learn from. */
@Component
final class Refusals {

    private final JsonMapper json;
    private final Routes routes;
    private final ServiceMetrics metrics;

    Refusals(JsonMapper json, Routes routes, ServiceMetrics metrics) {
        this.json = json;
        this.routes = routes;
        this.metrics = metrics;
    }

    /** 401: who are you? */
    void unauthenticated(HttpServletRequest request, HttpServletResponse response, boolean triedToSay)
            throws IOException {
        String accept = String.valueOf(request.getHeader(HttpHeaders.ACCEPT));
        if (!triedToSay && request.getMethod().equals("GET") && accept.startsWith("text/html")) {
            response.setHeader(HttpHeaders.LOCATION, "/login.html");
            response.setStatus(303);
            return;
        }
        metrics.denied(triedToSay ? ServiceMetrics.Denial.WRONG_CREDENTIALS : ServiceMetrics.Denial.NO_CREDENTIALS);
        response.setHeader(
                HttpHeaders.WWW_AUTHENTICATE,
                "Bearer realm=\"segmeter\"" + (triedToSay ? ", error=\"invalid_token\"" : ""));
        answer(
                response,
                Problem.of(
                        ServiceProblem.UNAUTHENTICATED,
                        triedToSay
                                ? "The key, token or session is not known, or not valid any more."
                                : "The request does not say who sends it."));
    }

    /** 403, or what there is instead of the operation. */
    void forbidden(HttpServletRequest request, HttpServletResponse response) throws IOException {
        switch (routes.of(request)) {
            case Routes.Need.Of need -> {
                metrics.denied(ServiceMetrics.Denial.ROLE);
                response.setHeader(
                        HttpHeaders.WWW_AUTHENTICATE,
                        "Bearer realm=\"segmeter\", error=\"insufficient_scope\", scope=\""
                                + need.role().word() + "\"");
                answer(
                        response,
                        Problem.of(
                                        ServiceProblem.FORBIDDEN,
                                        "It needs the role " + need.role().word() + ".")
                                .with("role", need.role().word()));
            }
            case Routes.Need.NoSuchMethod need -> {
                response.setHeader(HttpHeaders.ALLOW, String.join(", ", need.methods()));
                answer(
                        response,
                        Problem.of(
                                ServiceProblem.METHOD_NOT_ALLOWED,
                                "Possible here: " + String.join(", ", need.methods()) + "."));
            }
            default ->
                answer(response, Problem.of(ServiceProblem.NOT_FOUND, "No resource of the service has this address."));
        }
    }

    void crossSite(HttpServletResponse response) throws IOException {
        metrics.denied(ServiceMetrics.Denial.CROSS_SITE);
        answer(
                response,
                Problem.of(
                        ServiceProblem.CROSS_SITE, "A page of another site, or one that did not say so, sent this."));
    }

    /** 429 with the fields of draft-ietf-httpapi-ratelimit-headers. */
    void tooMany(HttpServletResponse response, RequestRate.Left left) throws IOException {
        metrics.tooManyRequests();
        response.setHeader(HttpHeaders.RETRY_AFTER, String.valueOf(Math.max(1, seconds(left.pause()))));
        answer(
                response,
                Problem.of(
                        ServiceProblem.TOO_MANY_REQUESTS,
                        "More than %d requests in a minute are not answered.".formatted(left.limit())));
    }

    static long seconds(Duration pause) {
        return pause.plusMillis(999).toSeconds();
    }

    void unavailable(HttpServletResponse response) throws IOException {
        response.setHeader(HttpHeaders.RETRY_AFTER, "5");
        answer(response, Problem.of(ServiceProblem.UNAVAILABLE, "It cannot be found out now who sends this."));
    }

    void answer(HttpServletResponse response, Problem problem) throws IOException {
        ProblemOnResponse.write(response, problem, json);
    }
}
