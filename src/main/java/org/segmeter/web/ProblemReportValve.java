package org.segmeter.web;

import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Problem;
import org.segmeter.security.ProblemOnResponse;
import org.springframework.http.HttpStatusCode;
import tools.jackson.databind.json.JsonMapper;

/** What Tomcat answers to a request that never reaches the application, such as a malformed one. Made by its name. */
public final class ProblemReportValve extends ErrorReportValve {

    private static final JsonMapper JSON = new JsonMapper();

    @Override
    protected void report(Request request, Response response, @Nullable Throwable failure) {
        int status = response.getStatus();
        if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        Problem problem = ProblemAnswers.ofStatus(HttpStatusCode.valueOf(status));
        SecurityHeaders.set(response::setHeader);
        try {
            ProblemOnResponse.write(
                    response,
                    new Problem(problem.slug(), problem.title(), status, problem.detail(), problem.members()),
                    JSON);
            response.finishResponse();
        } catch (IOException | IllegalStateException e) {
            // The client is gone, or the answer has begun: nothing can be said any more.
            container.getLogger().debug(problem.slug());
        }
    }
}
