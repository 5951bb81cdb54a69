package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.databind.JsonNode;

/**
 * What results must fulfil for a model to go on.
 *
 * @param id its name in addresses
 * @param version raised with every change
 * @param rules as they were written; all must hold
 * @param baseline which results relative rules compare with; null if there are none
 * @param penaltyMm what a distance without a value counts; null for the diagonal of its grid
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Gate(
        String id,
        int version,
        @Nullable String title,
        List<String> rules,
        @Nullable Map<String, String> baseline,
        @Nullable Double penaltyMm,
        Instant createdAt,
        Instant updatedAt) {

    private static final int MOST_RULES = 100;
    private static final int LONGEST_RULE = 300;
    private static final Set<String> MEMBERS = Set.of("title", "rules", "baseline", "penaltyMm");

    /** What a client says about a gate. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Document(
            @Nullable String title,
            List<String> rules,
            @Nullable Map<String, String> baseline,
            @Nullable Double penaltyMm) {

        /** @throws InvalidQuery naming the member */
        public static Document parse(JsonNode node) throws InvalidQuery {
            if (!node.isObject() || !MEMBERS.containsAll(node.propertyNames())) {
                throw new InvalidQuery(
                        "request", "is a JSON object with rules and, if wanted, title, baseline and penaltyMm");
            }
            JsonNode title = node.path("title");
            if (!title.isMissingNode()
                    && (!title.isString() || title.stringValue().length() > 200)) {
                throw new InvalidQuery("title", "is a text of at most 200 characters");
            }
            List<String> rules = new ArrayList<>();
            for (JsonNode rule : node.path("rules")) {
                if (!rule.isString() || rule.stringValue().length() > LONGEST_RULE) {
                    throw new InvalidQuery("rules", "are texts of at most " + LONGEST_RULE + " characters");
                }
                rules.add(rule.stringValue());
            }
            if (!node.path("rules").isArray() || rules.isEmpty() || rules.size() > MOST_RULES) {
                throw new InvalidQuery("rules", "is a list of 1 to " + MOST_RULES + " rules such as mean(dice) >= 0.9");
            }
            Map<String, String> baseline = conditions("baseline", node.path("baseline"));
            boolean relative = GateRule.parse(rules).stream()
                    .anyMatch(r -> r instanceof GateRule.Relative || r instanceof GateRule.NonInferior);
            if (relative && baseline == null) {
                throw new InvalidQuery(
                        "baseline",
                        "is needed for rules with delta and noninferior, such as {\"model\":\"m\",\"version\":\"1\"}");
            }
            JsonNode penalty = node.path("penaltyMm");
            if (!penalty.isMissingNode() && (!penalty.isNumber() || !(penalty.doubleValue() > 0))) {
                throw new InvalidQuery("penaltyMm", "is a number above 0");
            }
            return new Document(
                    title.isString() ? title.stringValue() : null,
                    rules,
                    baseline,
                    penalty.isNumber() ? (Double) penalty.doubleValue() : null);
        }

        /** Conditions of a filter without a metric; null if they are not there. */
        static @Nullable Map<String, String> conditions(String member, JsonNode node) throws InvalidQuery {
            if (node.isMissingNode()) {
                return null;
            }
            Map<String, String> conditions = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                if (!entry.getValue().isString()
                        || Set.of("metric", "parameters", "structure").contains(entry.getKey())) {
                    throw new InvalidQuery(
                            member,
                            "has texts by " + ResultFilter.names() + ", without metric, parameters and structure");
                }
                conditions.put(entry.getKey(), entry.getValue().stringValue());
            }
            if (!node.isObject() || conditions.isEmpty()) {
                throw new InvalidQuery(member, "is an object with at least one condition, such as {\"model\":\"m\"}");
            }
            try {
                ResultFilter.parse(conditions);
            } catch (InvalidQuery e) {
                throw new InvalidQuery(member + "." + e.parameter(), e.rule());
            }
            return conditions;
        }

        static Document read(String stored) {
            try {
                return parse(JsonDocument.read(stored));
            } catch (InvalidQuery e) {
                throw new IllegalStateException("a stored gate cannot be read: " + e.rule(), e);
            }
        }
    }
}
