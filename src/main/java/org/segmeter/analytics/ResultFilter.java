package org.segmeter.analytics;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.segmeter.scoring.JsonDocument;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Which results are meant; all conditions must be true.
 *
 * @param equal what must be equal
 * @param metric its name in the catalogue; null for any
 * @param parameters the metric's parameters as JSON; null for any
 * @param from submitted at this time or later
 * @param to submitted before this time
 * @param batch of this batch
 * @param evaluations one of these; null for any
 */
public record ResultFilter(
        Map<Dimension, String> equal,
        @Nullable String metric,
        @Nullable String parameters,
        @Nullable Instant from,
        @Nullable Instant to,
        @Nullable UUID batch,
        @Nullable List<UUID> evaluations) {

    private static final int LONGEST = 200;
    private static final Pattern UUID_TEXT = Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

    public ResultFilter {
        equal = Collections.unmodifiableMap(equal.isEmpty() ? new LinkedHashMap<>() : new EnumMap<>(equal));
    }

    /** The names that {@link #parse} understands. */
    public static String names() {
        return Dimension.words(Dimension.filters()) + ", metric, parameters, from, to, batch";
    }

    /**
     * @param given names and values
     * @throws InvalidQuery naming the first that is wrong
     */
    public static ResultFilter parse(Map<String, String> given) throws InvalidQuery {
        Map<Dimension, String> equal = new EnumMap<>(Dimension.class);
        String metric = null;
        String parameters = null;
        Instant from = null;
        Instant to = null;
        UUID batch = null;
        for (Map.Entry<String, String> entry : new TreeMap<>(given).entrySet()) {
            String name = entry.getKey();
            String value = entry.getValue();
            switch (name) {
                case "metric" -> metric = MetricNames.require("metric", value).name();
                case "parameters" -> parameters = parameters(value);
                case "from" -> from = time(name, value);
                case "to" -> to = time(name, value);
                case "batch" -> {
                    if (!UUID_TEXT.matcher(value).matches()) {
                        throw new InvalidQuery(name, "is the id of a batch");
                    }
                    batch = UUID.fromString(value);
                }
                default -> {
                    Dimension dimension = Dimension.of(name).orElse(null);
                    if (dimension == null || dimension.isTime()) {
                        throw new InvalidQuery(
                                name.matches("[A-Za-z0-9_.-]{1,40}") ? name : "?",
                                "is not known; there are " + names());
                    }
                    if (value.isBlank()
                            || value.length() > LONGEST
                            || value.chars().anyMatch(Character::isISOControl)) {
                        throw new InvalidQuery(name, "has 1 to " + LONGEST + " characters");
                    }
                    equal.put(dimension, value);
                }
            }
        }
        return new ResultFilter(equal, metric, parameters, from, to, batch, null);
    }

    /** The same with another condition, in place of one of the same dimension. */
    ResultFilter with(Dimension dimension, String value) {
        Map<Dimension, String> more = new EnumMap<>(Dimension.class);
        more.putAll(equal);
        more.put(dimension, value);
        return new ResultFilter(more, metric, parameters, from, to, batch, evaluations);
    }

    /** The same for another metric with any parameters. */
    ResultFilter ofMetric(String other) {
        return ofMetric(other, null);
    }

    /** The same for another metric and its parameters. */
    ResultFilter ofMetric(String other, @Nullable String itsParameters) {
        return new ResultFilter(equal, other, itsParameters, from, to, batch, evaluations);
    }

    /** The same for some evaluations only. */
    ResultFilter ofEvaluations(List<UUID> some) {
        return new ResultFilter(equal, metric, parameters, from, to, batch, List.copyOf(some));
    }

    @Nullable
    String value(Dimension dimension) {
        return equal.get(dimension);
    }

    private static String parameters(String value) throws InvalidQuery {
        try {
            JsonNode node = JsonDocument.read(value);
            if (value.length() <= 10 * LONGEST
                    && node.isObject()
                    && value.indexOf('\0') < 0
                    && !value.contains("\\u0000")) {
                return node.toString();
            }
        } catch (JacksonException e) {
            // falls through to the refusal
        }
        throw new InvalidQuery("parameters", "is a JSON object, such as {\"toleranceMm\":1.0}");
    }

    private static Instant time(String name, String value) throws InvalidQuery {
        try {
            Instant instant = OffsetDateTime.parse(value).toInstant();
            if (instant.isAfter(Instant.parse("0001-01-01T00:00:00Z"))
                    && instant.isBefore(Instant.parse("9999-01-01T00:00:00Z"))) {
                return instant;
            }
        } catch (DateTimeParseException e) {
            // falls through to the refusal
        }
        throw new InvalidQuery(
                name, "is a time with its offset, such as 2026-01-31T12:00:00Z (a + is written %2B in a URL)");
    }
}
