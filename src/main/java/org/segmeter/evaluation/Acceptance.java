package org.segmeter.evaluation;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What became of a submission. */
public sealed interface Acceptance {

    /**
     * A new evaluation; it, its content and its job are committed.
     *
     * @param evaluation as it was accepted; null if that must be asked
     */
    record Accepted(UUID id, @Nullable Evaluation evaluation) implements Acceptance {
        public Accepted(UUID id) {
            this(id, null);
        }
    }

    /** The key and the content are those of an evaluation that was accepted before; nothing was stored. */
    record Replayed(UUID id) implements Acceptance {}

    /** The key was given to other content; nothing was stored. */
    record OtherContent() implements Acceptance {}
}
