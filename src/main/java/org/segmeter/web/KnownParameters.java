package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.security.Routes;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Refuses query parameters of the API that {@code openapi.yaml} does not give the operation. Passed over in silence, one that is misspelt
 * would make an answer look like that to another question.
 */
@Component
final class KnownParameters implements HandlerInterceptor, WebMvcConfigurer {

    private final Routes routes;

    KnownParameters(Routes routes) {
        this.routes = routes;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this).addPathPatterns("/api/**");
    }

    /** @throws ProblemException 400 that lists those that there are */
    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        String query = request.getQueryString();
        if (query == null || query.isEmpty()) {
            return true;
        }
        Set<String> known =
                routes.parameters(request.getMethod(), request.getRequestURI()).orElse(null);
        if (known == null) {
            return true; // there is no such operation, and that will be the answer
        }
        for (String parameter : query.split("&", -1)) {
            int end = parameter.indexOf('=');
            String name = decoded(end < 0 ? parameter : parameter.substring(0, end));
            if (!parameter.isEmpty() && !known.contains(name)) {
                String shown = AnalyticsParameters.shown(name);
                throw new ProblemException(Problem.of(
                                ServiceProblem.INVALID_PARAMETER,
                                "The parameter '%s' is not known; there %s."
                                        .formatted(
                                                shown,
                                                switch (known.size()) {
                                                    case 0 -> "is none";
                                                    case 1 ->
                                                        "is " + known.iterator().next();
                                                    default -> "are " + String.join(", ", known);
                                                }))
                        .with("parameter", shown));
            }
        }
        return true;
    }

    private static String decoded(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new ProblemException(ServiceProblem.BAD_REQUEST, "The query of the address is not well-formed.");
        }
    }
}
