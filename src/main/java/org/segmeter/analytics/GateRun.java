package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A gate applied to results.
 *
 * @param subject which results, as the client said
 * @param state RUNNING while some of them are still being scored, then DONE for ever
 * @param verdict PASS or FAIL; null while it runs
 * @param checks every rule for every structure it is about; null while it runs
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GateRun(
        UUID id,
        String gate,
        int gateVersion,
        JsonNode subject,
        String state,
        Instant createdAt,
        @Nullable Instant finishedAt,
        @Nullable String verdict,
        @Nullable List<Check> checks) {

    /**
     * A rule for a structure.
     *
     * @param rule as it was written
     * @param observed the value that was compared; null if there was none
     * @param n cases it is about
     * @param passed whether it holds
     * @param detail a sentence
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Check(
            String rule,
            @Nullable String structure,
            @Nullable JsonNode parameters,
            @Nullable Double observed,
            int n,
            boolean passed,
            String detail) {}

    /** Those that do not hold. */
    public List<Check> violations() {
        return checks == null
                ? List.of()
                : checks.stream().filter(c -> !c.passed()).toList();
    }
}
