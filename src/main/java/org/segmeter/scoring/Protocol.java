package org.segmeter.scoring;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * An immutable set of conventions: which metrics, their parameters, what an empty mask gives, and what is done with grids that differ.
 *
 * <pre>{@code
 * { "id": "segmeter", "version": 1, "title": "...", "geometry": "strict" | "lenient" | "resample",
 *   "metrics": [ {"name": "dice"}, {"name": "f_beta", "beta": [0.5, 2]}, {"name": "nsd", "toleranceMm": 5, "for": ["Liver", 4]} ],
 *   "empty": { "*":    {"both": "formula", "prediction": "formula", "reference": "formula", "undefined": "absent"},
 *              "dice": {"both": 1, "reference": "absent"} },
 *   "penalty": "diagonal" | "none" | 374,
 *   "decimals": 4, "ignore": ..., "extent": ..., "regions": ... }
 * }</pre>
 *
 * <p>The last three are those of {@link Scope}.
 *
 * @param id with version, for example {@code segmeter@1}
 * @param title one line for people
 * @param geometry what is done with grids that are not one lattice
 * @param metrics in the order of the scorecard
 * @param empty by metric name or {@code *}: what each kind of emptiness gives
 * @param penalty what a distance without a value counts in the penalised mean
 * @param decimals to which values that are no counts are rounded, half to even; null for none
 * @param scope what of the volume is scored where the request does not say it
 * @param sha256 of the canonical document, lower-case hexadecimal
 * @param document the canonical document
 */
public record Protocol(
        String id,
        String title,
        GeometryPolicy geometry,
        List<Metric> metrics,
        Map<String, EmptyRule> empty,
        Penalty penalty,
        @Nullable Integer decimals,
        Scope scope,
        String sha256,
        String document) {

    private static final int MOST_METRICS = 500;
    private static final int LONGEST_DOCUMENT = 1 << 20;

    public Protocol {
        metrics = List.copyOf(metrics);
        empty = Map.copyOf(empty);
    }

    /**
     * A metric of a protocol.
     *
     * @param name as in the catalogue
     * @param numbers numeric parameters, each a list of at least one value
     * @param choices textual parameters
     * @param segments labels (whatever their case) or numbers of the segments that this entry is for; {@code *} for those that no other
     *     entry of the metric names; empty for all
     * @param slices which slices along z count
     */
    public record Metric(
            String name,
            Map<String, List<Double>> numbers,
            Map<String, String> choices,
            List<String> segments,
            Slices slices) {

        /** Which slices along z of the evaluation grid count; both masks are cut to them before anything is measured. */
        public enum Slices {
            ALL,
            /** From the reference's first to its last. */
            REFERENCE,
            /** The same without the last (FLARE22). */
            REFERENCE_BUT_LAST
        }

        public Metric {
            numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers));
            choices = Collections.unmodifiableMap(new LinkedHashMap<>(choices));
            segments = List.copyOf(segments);
        }

        private boolean names(Segment segment) {
            return segments.stream()
                    .anyMatch(s -> s.equalsIgnoreCase(segment.label().strip())
                            || s.equals(Integer.toString(segment.number())));
        }

        /** The values of a numeric parameter, else those given. */
        List<Double> numbers(String parameter, Double... otherwise) {
            return numbers.getOrDefault(parameter, List.of(otherwise));
        }

        double number(String parameter, double otherwise) {
            return numbers.getOrDefault(parameter, List.of(otherwise)).getFirst();
        }

        String choice(String parameter, String otherwise) {
            return choices.getOrDefault(parameter, otherwise);
        }
    }

    /** What a metric gives where a side is empty. */
    public sealed interface Outcome {
        /** What the formula gives; absent where it divides by zero. */
        record Formula() implements Outcome {}

        /** No value. */
        record Absent() implements Outcome {}

        /**
         * A declared value.
         *
         * @param value finite
         */
        record Value(double value) implements Outcome {}
    }

    /**
     * @param both neither side has a voxel
     * @param prediction the prediction is empty, the reference is not
     * @param reference the reference is empty, the prediction is not
     * @param undefined both have voxels, but the formula divides by zero all the same
     */
    public record EmptyRule(Outcome both, Outcome prediction, Outcome reference, Outcome undefined) {}

    /** What a distance without a value counts in the penalised mean. */
    public sealed interface Penalty {
        /** The diagonal of the evaluation grid, mm. */
        record Diagonal() implements Penalty {}

        /** Nothing: such a segment is counted as not scored. */
        record None() implements Penalty {}

        /**
         * A declared length.
         *
         * @param mm millimetres
         */
        record Fixed(double mm) implements Penalty {}
    }

    /** What this protocol gives for a metric where a side is empty or, state OK, where its formula divides by zero. */
    Outcome outcome(String metric, MetricValue.State state) {
        EmptyRule rule = empty.get(metric);
        if (rule == null) {
            rule = empty.get("*");
        }
        if (rule == null) {
            return new Outcome.Formula();
        }
        return switch (state) {
            case BOTH_EMPTY -> rule.both();
            case PREDICTION_EMPTY -> rule.prediction();
            case REFERENCE_EMPTY -> rule.reference();
            default -> rule.undefined();
        };
    }

    /** True if an entry is for a segment; null stands for all segments together, which only entries for all are for. */
    boolean isFor(Metric metric, @Nullable Segment segment) {
        if (metric.segments().isEmpty()) {
            return true;
        }
        if (segment == null) {
            return false;
        }
        return metric.names(segment)
                || metric.segments().contains("*")
                        && metrics.stream().noneMatch(m -> m.name().equals(metric.name()) && m.names(segment));
    }

    /** The choices of a metric that differ from those of another entry of the same metric in this protocol. */
    Map<String, String> distinguishing(Metric metric) {
        if (metric.choices().isEmpty()) {
            return Map.of();
        }
        Map<String, String> choices = new LinkedHashMap<>();
        for (Metric other : metrics) {
            if (other.name().equals(metric.name())) {
                metric.choices().forEach((key, value) -> {
                    if (!value.equals(other.choices().get(key))) {
                        choices.put(key, value);
                    }
                });
            }
        }
        return choices;
    }

    /** The penalty in mm for an evaluation grid with this diagonal; empty if the protocol has none. */
    OptionalDouble penaltyMm(double diagonal) {
        return switch (penalty) {
            case Penalty.Diagonal d -> OptionalDouble.of(diagonal);
            case Penalty.None n -> OptionalDouble.empty();
            case Penalty.Fixed f -> OptionalDouble.of(f.mm());
        };
    }

    /** This protocol with numeric parameters of some metrics replaced; id and digest stay those of the document. */
    Protocol withParameters(Map<String, Map<String, List<Double>>> replaced) throws InputException {
        if (replaced.isEmpty()) {
            return this;
        }
        List<Metric> changed = new ArrayList<>(metrics);
        for (Map.Entry<String, Map<String, List<Double>>> entry : replaced.entrySet()) {
            boolean found = false;
            for (int i = 0; i < changed.size(); i++) {
                Metric m = changed.get(i);
                if (m.name().equals(entry.getKey())) {
                    found = true;
                    Map<String, List<Double>> numbers = new LinkedHashMap<>(m.numbers());
                    for (Map.Entry<String, List<Double>> parameter :
                            entry.getValue().entrySet()) {
                        MetricCatalogue.requireParameter(m.name(), parameter.getKey(), parameter.getValue());
                        numbers.put(parameter.getKey(), parameter.getValue());
                    }
                    changed.set(i, new Metric(m.name(), numbers, m.choices(), m.segments(), m.slices()));
                }
            }
            if (!found) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "The request gives parameters for a metric that the protocol " + id + " does not have.",
                        entry.getKey().matches("[a-z0-9_]{1,60}") ? entry.getKey() : "a name that no metric has",
                        "a metric of the protocol");
            }
        }
        return new Protocol(id, title, geometry, changed, empty, penalty, decimals, scope, sha256, document);
    }

    /**
     * Reads a protocol document.
     *
     * @throws InputException INVALID_REQUEST naming the member that cannot be used
     */
    public static Protocol parse(String json) throws InputException {
        if (json.length() > LONGEST_DOCUMENT) {
            throw wrong("the document", json.length() + " characters", "at most " + LONGEST_DOCUMENT);
        }
        JsonNode node;
        try {
            node = JsonDocument.read(json);
        } catch (JacksonException e) {
            throw wrong("the document", "no valid JSON", "a JSON object");
        }
        if (!node.isObject()) {
            throw wrong("the document", "no object", "a JSON object");
        }
        for (String member : node.propertyNames()) {
            if (!Set.of(
                            "id",
                            "version",
                            "title",
                            "geometry",
                            "metrics",
                            "empty",
                            "penalty",
                            "decimals",
                            "ignore",
                            "extent",
                            "regions")
                    .contains(member)) {
                throw wrong(
                        "an unknown member",
                        member.length() > 40 ? "a long name" : member,
                        "id, version, title, geometry, metrics, empty, penalty, decimals, ignore, extent, regions");
            }
        }
        String name = text(node, "id");
        if (!name.matches("[a-z0-9][a-z0-9.-]{0,63}")) {
            throw wrong("id", "a text of " + name.length() + " characters", "lower-case letters, digits, '-' and '.'");
        }
        JsonNode version = node.get("version");
        if (version == null || !version.canConvertToInt() || version.intValue() < 1) {
            throw wrong("version", "no positive whole number", "1 or more");
        }
        String document;
        try {
            document = CanonicalJson.write(node);
        } catch (IllegalArgumentException e) {
            throw wrong("the document", "a number that is too large", "numbers of 64 bits (IEEE 754)");
        }
        return new Protocol(
                name + "@" + version.intValue(),
                text(node, "title"),
                policy(node.get("geometry")),
                metrics(node.get("metrics")),
                empty(node.get("empty")),
                penalty(node.get("penalty")),
                decimals(node.get("decimals")),
                new ScopeReading(Protocol::wrong).read(node),
                sha256(document),
                document);
    }

    private static @Nullable Integer decimals(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return null;
        }
        if (!node.canConvertToInt() || node.intValue() < 0 || node.intValue() > 15) {
            throw wrong("decimals", "another value", "a whole number from 0 to 15");
        }
        return node.intValue();
    }

    /** A value as the protocol gives it: rounded, if it says so. */
    Number given(Number value) {
        return decimals == null || !(value instanceof Double number)
                ? value
                : (Number) new BigDecimal(number)
                        .setScale(decimals, RoundingMode.HALF_EVEN)
                        .doubleValue();
    }

    private static GeometryPolicy policy(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return GeometryPolicy.STRICT;
        }
        for (GeometryPolicy policy : GeometryPolicy.values()) {
            if (node.isString() && node.stringValue().equals(policy.name().toLowerCase(Locale.ROOT))) {
                return policy;
            }
        }
        throw wrong("geometry", "another value", "strict, lenient or resample");
    }

    private static List<Metric> metrics(@Nullable JsonNode node) throws InputException {
        if (node == null || !node.isArray() || node.isEmpty() || node.size() > MOST_METRICS) {
            throw wrong("metrics", "no list, or one too short or too long", "a list of 1 to " + MOST_METRICS);
        }
        List<Metric> result = new ArrayList<>();
        for (JsonNode entry : node) {
            if (!entry.isObject()) {
                throw wrong("metrics", "a list with something else than objects", "{\"name\": ...}");
            }
            String name = text(entry, "name");
            if (MetricCatalogue.find(name).isEmpty()) {
                throw wrong(
                        "metrics",
                        name.matches("[a-z0-9_]{1,60}") ? "the metric " + name : "a name that no metric has",
                        "metrics of the catalogue");
            }
            Map<String, List<Double>> numbers = new LinkedHashMap<>();
            Map<String, String> choices = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> parameter : entry.properties()) {
                String key = parameter.getKey();
                if (key.equals("name") || key.equals("for") || key.equals("slices")) {
                    continue;
                }
                JsonNode value = parameter.getValue();
                if (value.isString()) {
                    MetricCatalogue.requireChoice(name, key, value.stringValue());
                    choices.put(key, value.stringValue());
                } else {
                    List<Double> list = new ArrayList<>();
                    Iterable<JsonNode> elements = value.isArray() ? value : List.of(value);
                    for (JsonNode element : elements) {
                        if (!element.isNumber()) {
                            throw wrong("metrics, " + name, "a parameter that is no number", "numbers or a text");
                        }
                        list.add(element.doubleValue());
                    }
                    MetricCatalogue.requireParameter(name, key, list);
                    numbers.put(key, List.copyOf(list));
                }
            }
            result.add(new Metric(name, numbers, choices, segments(entry.get("for")), slices(entry.get("slices"))));
        }
        return result;
    }

    private static List<String> segments(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return List.of();
        }
        if (!node.isArray() || node.isEmpty() || node.size() > MOST_METRICS) {
            throw wrong("metrics, for", "no list, or one too short or too long", "labels or numbers of segments, or *");
        }
        List<String> segments = new ArrayList<>();
        for (JsonNode element : node) {
            if (element.isString() && !element.stringValue().isBlank()) {
                segments.add(element.stringValue().strip());
            } else if (element.canConvertToInt()) {
                segments.add(Integer.toString(element.intValue()));
            } else {
                throw wrong("metrics, for", "neither text nor number", "labels or numbers of segments, or *");
            }
        }
        return segments;
    }

    private static Metric.Slices slices(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return Metric.Slices.ALL;
        }
        for (Metric.Slices slices : Metric.Slices.values()) {
            if (node.isString()
                    && node.stringValue()
                            .equals(slices.name().toLowerCase(Locale.ROOT).replace('_', '-'))) {
                return slices;
            }
        }
        throw wrong("metrics, slices", "another value", "all, reference or reference-but-last");
    }

    private static Map<String, EmptyRule> empty(@Nullable JsonNode node) throws InputException {
        Map<String, EmptyRule> rules = new LinkedHashMap<>();
        if (node == null) {
            return rules;
        }
        if (!node.isObject()) {
            throw wrong("empty", "no object", "an object by metric name");
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            JsonNode rule = entry.getValue();
            if (!rule.isObject()
                    || !entry.getKey().equals("*")
                            && MetricCatalogue.find(entry.getKey()).isEmpty()) {
                throw wrong("empty", "a rule for no metric", "names of metrics, or *");
            }
            for (String member : rule.propertyNames()) {
                if (!Set.of("both", "prediction", "reference", "undefined").contains(member)) {
                    throw wrong("empty", "an unknown case", "both, prediction, reference, undefined");
                }
            }
            rules.put(
                    entry.getKey(),
                    new EmptyRule(
                            outcome(rule.get("both")),
                            outcome(rule.get("prediction")),
                            outcome(rule.get("reference")),
                            outcome(rule.get("undefined"))));
        }
        return rules;
    }

    private static Outcome outcome(@Nullable JsonNode node) throws InputException {
        if (node == null || node.isString() && node.stringValue().equals("formula")) {
            return new Outcome.Formula();
        }
        if (node.isString() && node.stringValue().equals("absent")) {
            return new Outcome.Absent();
        }
        if (node.isNumber() && Double.isFinite(node.doubleValue())) {
            return new Outcome.Value(node.doubleValue());
        }
        throw wrong("empty", "another outcome", "formula, absent or a number");
    }

    private static Penalty penalty(@Nullable JsonNode node) throws InputException {
        if (node == null || node.isString() && node.stringValue().equals("none")) {
            return new Penalty.None();
        }
        if (node.isString() && node.stringValue().equals("diagonal")) {
            return new Penalty.Diagonal();
        }
        if (node.isNumber() && Double.isFinite(node.doubleValue()) && node.doubleValue() >= 0) {
            return new Penalty.Fixed(node.doubleValue());
        }
        throw wrong("penalty", "another value", "diagonal, none or a length in mm");
    }

    private static String text(JsonNode object, String member) throws InputException {
        JsonNode node = object.get(member);
        if (node == null
                || !node.isString()
                || node.stringValue().isBlank()
                || node.stringValue().length() > 500) {
            throw wrong(member, "no text", "a text of 1 to 500 characters");
        }
        return node.stringValue();
    }

    private static InputException wrong(String member, String found, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The protocol document cannot be used: " + member + ".",
                member + ": " + found,
                member + ": " + expected);
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
