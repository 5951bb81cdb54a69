package org.segmeter.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.databind.JsonNode;

/**
 * One value of a scorecard, as a row of a table.
 *
 * @param segment number of the segment; {@link #ALL} for all foreground together
 * @param label of the segment; empty for all foreground
 * @param metric name, as in the catalogue
 * @param parameters {@code name=value}, separated by semicolons; empty if there are none
 * @param value null if it is undefined
 * @param reason why it is not defined, if the scorecard says so; else empty
 */
public record CardValue(
        String segment,
        String label,
        String metric,
        String parameters,
        @Nullable Double value,
        String unit,
        String state,
        String reason) {

    /** Stands for the number of the segment where all foreground is meant. */
    public static final String ALL = "all";

    /** The values of a scorecard's JSON in its order: segment by segment, then all foreground. */
    public static List<CardValue> of(JsonNode card) {
        List<CardValue> values = new ArrayList<>();
        for (JsonNode segment : card.path("segments")) {
            JsonNode who = segment.path("segment");
            add(values, who.path("number").asString(""), who.path("label").asString(""), segment.path("metrics"));
        }
        add(values, ALL, "", card.path("overall").path("metrics"));
        return values;
    }

    private static void add(List<CardValue> values, String segment, String label, JsonNode metrics) {
        for (Map.Entry<String, JsonNode> metric : metrics.properties()) {
            JsonNode node = metric.getValue();
            for (JsonNode value : node.isArray() ? node : List.of(node)) {
                if (value.path("state").isString()) {
                    JsonNode number = value.path("value");
                    values.add(new CardValue(
                            segment,
                            label,
                            metric.getKey(),
                            parameters(value.path("parameters")),
                            number.isNumber() ? number.doubleValue() : null,
                            value.path("unit").asString("1"),
                            value.path("state").stringValue(),
                            value.path("reason").asString("")));
                }
            }
        }
    }

    /** {@code {"toleranceMm":1.0}} as {@code toleranceMm=1.0}. */
    static String parameters(JsonNode given) {
        StringJoiner text = new StringJoiner(";");
        for (Map.Entry<String, JsonNode> parameter : given.properties()) {
            JsonNode value = parameter.getValue();
            text.add(parameter.getKey() + "=" + (value.isContainer() ? JsonDocument.write(value) : value.asString("")));
        }
        return text.toString();
    }

    /** The name of a column for the metric and its parameters: {@code nsd[toleranceMm=1.0]}. */
    public String column() {
        return column(metric, parameters);
    }

    static String column(String metric, String parameters) {
        return parameters.isEmpty() ? metric : metric + "[" + parameters + "]";
    }
}
