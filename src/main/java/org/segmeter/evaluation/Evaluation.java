package org.segmeter.evaluation;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An evaluation as it stands.
 *
 * @param stage where a running one is; null if it is not running
 * @param attempt how often work on it was begun
 * @param cancelRequested true if it is to stop
 * @param problem why it failed, as the JSON of a problem document; null unless it failed
 * @param inputs files of both sides; empty in lists
 * @param scorecardSha256 digest of the stored scorecard; null unless it succeeded
 */
public record Evaluation(
        UUID id,
        Instant createdAt,
        State state,
        @Nullable String stage,
        int attempt,
        boolean cancelRequested,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        Description description,
        List<String> protocols,
        @Nullable String problem,
        List<Input> inputs,
        @Nullable String scorecardSha256) {

    /** One file. */
    public record Input(Side side, Blob blob) {}

    /** A submission that was accepted. */
    static Evaluation accepted(UUID id, Instant at, Submission submission) {
        List<Input> inputs = new ArrayList<>();
        for (Side side : Side.values()) {
            submission.files(side).forEach(blob -> inputs.add(new Input(side, blob)));
        }
        return new Evaluation(
                id,
                at,
                State.QUEUED,
                null,
                0,
                false,
                null,
                null,
                submission.description(),
                submission.protocols(),
                null,
                inputs,
                null);
    }

    /** The same as it was when it was accepted, whatever has happened since. */
    public Evaluation asAccepted() {
        return new Evaluation(
                id, createdAt, State.QUEUED, null, 0, false, null, null, description, protocols, null, inputs, null);
    }

    Evaluation withInputs(List<Input> files) {
        return new Evaluation(
                id,
                createdAt,
                state,
                stage,
                attempt,
                cancelRequested,
                startedAt,
                finishedAt,
                description,
                protocols,
                problem,
                files,
                scorecardSha256);
    }
}
