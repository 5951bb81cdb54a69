package org.segmeter.evaluation;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The values of a scorecard's JSON as rows, one for each segment, metric and set of parameters. */
final class ScorecardValues {

    /** All foreground together. */
    private static final int OVERALL = -1;

    private ScorecardValues() {}

    /** Of values with the same segment, metric and parameters the first. */
    static List<EvaluationRows.Value> of(JsonNode card) {
        Map<Key, EvaluationRows.Value> values = new LinkedHashMap<>();
        int index = 0;
        for (JsonNode segment : card.path("segments")) {
            JsonNode who = segment.path("segment");
            Integer number =
                    who.path("number").isIntegralNumber() ? who.path("number").intValue() : null;
            String label = who.path("label").isString() ? who.path("label").stringValue() : null;
            add(values, index++, number, label, segment.path("metrics"));
        }
        add(values, OVERALL, null, null, card.path("overall").path("metrics"));
        return List.copyOf(values.values());
    }

    private record Key(int segment, String metric, String parameters) {}

    private static void add(
            Map<Key, EvaluationRows.Value> values,
            int index,
            @Nullable Integer number,
            @Nullable String label,
            JsonNode metrics) {
        for (Map.Entry<String, JsonNode> metric : metrics.properties()) {
            JsonNode node = metric.getValue();
            for (JsonNode value : node.isArray() ? node : List.of(node)) {
                if (!value.path("state").isString()) {
                    continue;
                }
                JsonNode given = value.path("parameters");
                String parameters = given.isObject() ? given.toString() : "{}";
                values.putIfAbsent(
                        new Key(index, metric.getKey(), parameters),
                        new EvaluationRows.Value(
                                index,
                                number,
                                label,
                                metric.getKey(),
                                parameters,
                                value.path("value").isNumber()
                                        ? value.path("value").doubleValue()
                                        : null,
                                value.path("unit").asString("1"),
                                value.path("state").stringValue()));
            }
        }
    }
}
