package org.segmeter.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.segmeter.security.ProblemOnResponse;
import org.springframework.boot.security.autoconfigure.web.servlet.SecurityFilterProperties;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.filter.ServerHttpObservationFilter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sends submissions away that {@link UploadAdmission} does not take now, before it is looked for who would answer them: that, and an exception
 * on its way back through it, is most of what a refusal costs, and under overload nearly all requests are refused. It stands behind the
 * security filters, so that who may not submit is told so, and what is refused is audited. Who gets through is asked again where the
 * upload begins.
 */
@Component
@Order(SecurityFilterProperties.DEFAULT_FILTER_ORDER + 1)
final class UploadGate extends OncePerRequestFilter {

    private static final String SUBMISSIONS = "/api/v1/evaluations";

    private final UploadAdmission admission;
    private final JsonMapper json;

    UploadGate(UploadAdmission admission, JsonMapper json) {
        this.admission = admission;
        this.json = json;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        ProblemException refusal = admission.refusal(request);
        if (refusal == null) {
            chain.doFilter(request, response);
            return;
        }
        // No handler will say which route it was.
        ServerHttpObservationFilter.findObservationContext(request)
                .ifPresent(observed -> observed.setPathPattern(SUBMISSIONS));
        refusal.headers().forEach(response::setHeader);
        ProblemOnResponse.write(response, refusal.problem(), json);
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return !request.getMethod().equals("POST") || !request.getRequestURI().equals(SUBMISSIONS);
    }
}
