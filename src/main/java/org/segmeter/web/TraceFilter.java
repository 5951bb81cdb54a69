package org.segmeter.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.segmeter.telemetry.Trace;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Each request belongs to a trace: the caller's ({@code traceparent}), or one that begins with it. */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
final class TraceFilter extends OncePerRequestFilter {

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        try (Trace.Span ignored =
                Trace.span(Trace.parent(request.getHeader("traceparent")).orElse(null))) {
            chain.doFilter(request, response);
        }
    }
}
