package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A question for a ranking that has a name; a version of it never changes.
 *
 * @param name in addresses
 * @param version from 1
 * @param document the question as the client wrote it, JSON
 * @param answer the ranking as it was when the version was made, JSON; null if it is made anew whenever it is read
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record NamedLeaderboard(
        String name, int version, String document, @Nullable String answer, Instant createdAt) {

    /** Whether its ranking stays as it is. */
    public boolean isFrozen() {
        return answer != null;
    }
}
