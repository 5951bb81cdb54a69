package org.segmeter.evaluation;

import java.util.UUID;

/** How the wish to score stored inputs again ended. */
public sealed interface Rescoring {

    /** A new evaluation of the same files and the same request was accepted. */
    record Accepted(UUID id) implements Rescoring {}

    /** The inputs are not there any more. */
    record Refused(ServiceProblem why) implements Rescoring {}

    /** There is no such evaluation. */
    record Absent() implements Rescoring {}
}
