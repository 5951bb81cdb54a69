package org.segmeter.web;

import java.util.LinkedHashMap;
import java.util.Map;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;

/** Ends a request with a problem document. */
final class ProblemException extends RuntimeException {

    private final transient Problem problem;
    private final transient Map<String, String> headers = new LinkedHashMap<>();

    ProblemException(Problem problem) {
        super(problem.slug(), null, false, false);
        this.problem = problem;
    }

    ProblemException(ServiceProblem problem, String detail) {
        this(Problem.of(problem, detail));
    }

    ProblemException header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    Problem problem() {
        return problem;
    }

    Map<String, String> headers() {
        return headers;
    }
}
