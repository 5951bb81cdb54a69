package org.segmeter.evaluation;

import java.util.UUID;

/** What became of a submission. */
public sealed interface Acceptance {

    /** A new evaluation; it, its content and its job are committed. */
    record Accepted(UUID id) implements Acceptance {}

    /** The key and the content are those of an evaluation that was accepted before; nothing was stored. */
    record Replayed(UUID id) implements Acceptance {}

    /** The key was given to other content; nothing was stored. */
    record OtherContent() implements Acceptance {}
}
