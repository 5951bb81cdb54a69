package org.segmeter.pacs;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Something that is to be told to somebody else until it is done.
 *
 * @param tenant whose it is
 * @param kind what: a report to be stored, or a message
 * @param destination name of the node or webhook in the configuration
 * @param sopInstanceUid the report; null for a message
 * @param body the message; null for a report
 * @param attempts how often it was tried
 * @param nextAttemptAt when it is tried again; of no meaning when it has ended
 * @param lastError why it failed last; null if it did not
 */
public record Delivery(
        UUID id,
        String tenant,
        Kind kind,
        String destination,
        UUID pair,
        @Nullable String sopInstanceUid,
        @Nullable String body,
        State state,
        int attempts,
        Instant nextAttemptAt,
        @Nullable String lastError) {

    /** What is told, and how. */
    public enum Kind {
        /** A report, stored by STOW-RS. */
        STOW,
        /** A report, stored by C-STORE. */
        C_STORE,
        /** A signed message by HTTP POST. */
        WEBHOOK
    }

    /** How far it has come. */
    public enum State {
        PENDING,
        DELIVERED,
        /** Refused for good, or tried for too long. */
        GIVEN_UP
    }
}
