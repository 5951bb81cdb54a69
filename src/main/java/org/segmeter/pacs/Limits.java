package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Holds a scorecard to the limits of the installation. */
final class Limits {

    /** A structure that only one side has: missed, or made up. */
    private static final Set<String> ONE_SIDED = Set.of("REFERENCE_EMPTY", "PREDICTION_EMPTY");

    private Limits() {}

    /**
     * A value outside its limits.
     *
     * @param limit name of the limit in the configuration
     * @param segment number of the segment; null for one without
     * @param value null if it is undefined, as the Dice of a structure that was missed may be
     */
    record Finding(
            String limit,
            String metric,
            @Nullable Integer segment,
            @Nullable Double value,
            String state,
            @Nullable Double min,
            @Nullable Double max) {

        /** A sentence without anything that a sender wrote. */
        String sentence() {
            return "%s of segment %s is %s%s%s"
                    .formatted(
                            metric,
                            segment == null ? "?" : segment,
                            value == null ? state : value,
                            min == null ? "" : ", at least " + min + " was expected",
                            max == null ? "" : ", at most " + max + " was expected");
        }
    }

    /**
     * All values that leave a limit, by the names of the limits. A value that is undefined because only one side has the structure leaves
     * every limit.
     */
    static List<Finding> of(JsonNode card, Map<String, PacsSettings.Limit> limits) {
        List<Finding> findings = new ArrayList<>();
        new TreeMap<>(limits).forEach((name, limit) -> {
            for (JsonNode segment : card.path("segments")) {
                JsonNode who = segment.path("segment");
                String label = who.path("label").asString("");
                if (limit.structure() != null && !limit.structure().strip().equalsIgnoreCase(label.strip())) {
                    continue;
                }
                JsonNode metric = segment.path("metrics").path(limit.metric());
                for (JsonNode value : metric.isArray() ? metric.values() : List.of(metric)) {
                    check(name, limit, who, value, findings);
                }
            }
        });
        return findings;
    }

    private static void check(
            String name, PacsSettings.Limit limit, JsonNode who, JsonNode value, List<Finding> findings) {
        if (value.isMissingNode()) {
            return;
        }
        Double number = value.path("value").isNumber() ? value.path("value").doubleValue() : null;
        boolean outside = number == null
                ? ONE_SIDED.contains(value.path("state").asString(""))
                : limit.min() != null && number < limit.min() || limit.max() != null && number > limit.max();
        if (outside) {
            findings.add(new Finding(
                    name,
                    limit.metric(),
                    who.path("number").isIntegralNumber() ? who.path("number").intValue() : null,
                    number,
                    value.path("state").asString(""),
                    limit.min(),
                    limit.max()));
        }
    }
}
