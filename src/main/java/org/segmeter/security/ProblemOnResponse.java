package org.segmeter.security;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.segmeter.evaluation.Problem;
import tools.jackson.databind.json.JsonMapper;

/** Answers with a problem document (RFC 9457) where no controller does: in a filter, or before a request has reached the application. */
public final class ProblemOnResponse {

    private ProblemOnResponse() {}

    /** Sets status and content; other header fields are the caller's, and are set before. */
    public static void write(HttpServletResponse response, Problem problem, JsonMapper json) throws IOException {
        byte[] document = json.writeValueAsBytes(problem.document());
        response.setStatus(problem.status());
        response.setContentType("application/problem+json");
        response.setContentLength(document.length);
        response.getOutputStream().write(document);
    }
}
