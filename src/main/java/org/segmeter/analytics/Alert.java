package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A rule of a control chart that was broken; there is one for each rule and evaluation.
 *
 * @param createdAt when it was noticed
 * @param at when the evaluation was submitted
 * @param rule Nelson's number
 * @param state OPEN or ACKNOWLEDGED
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Alert(
        UUID id,
        Instant createdAt,
        String model,
        @Nullable String version,
        String structure,
        String metric,
        JsonNode parameters,
        int rule,
        String description,
        UUID evaluation,
        @Nullable String caseId,
        Instant at,
        double value,
        double centre,
        double sigma,
        String state,
        @Nullable String acknowledgedBy,
        @Nullable String reason,
        @Nullable Instant acknowledgedAt) {}
