package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadLimits;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * How a pair is to be scored: what the optional {@code request} part of the API and the flags of the command line say.
 *
 * <pre>{@code
 * { "protocol": "segmeter@1" | ["segmeter@1", "monai@1"],
 *   "segments": [ {"prediction": 1 | "Liver" | {"number": 1} | {"label": "Liver"} | {"code": "SCT:10200004"}, "reference": ...} ],
 *   "prediction": {"values": "labels" | "probabilities" | "logits" | "sigmoid-logits", "threshold": 0.5, "background": "first" | "none"},
 *   "reference": {...},
 *   "geometry": {"pixelUnits": true, "frameOfReference": "ignore"},
 *   "metrics": {"nsd": {"toleranceMm": [1, 2]}},
 *   "ignore": 255, "extent": {"kind": "range", "axis": "axial"}, "regions": {"WT": [1, 2, 3]},
 *   "loss": {"alpha": 0.3, "bins": 15} }
 * }</pre>
 *
 * <p>The member {@code loss} concerns {@link Laboratory} alone: here it is only checked, {@link LaboratoryOptions} reads it.
 *
 * @param protocols ids {@code name@version}, at least one, none twice; the first gives the main values of the scorecard
 * @param segments explicit mapping; empty: segments are matched by concept, label, number
 * @param prediction what is declared about the prediction
 * @param reference what is declared about the reference
 * @param pixelUnits true if inputs without patient geometry are scored in pixel units
 * @param ignoreFrameOfReference true if differing Frame of Reference UIDs do not matter: the caller vouches for it
 * @param metricParameters for a metric's name, parameters that replace those of the protocol, each a list of numbers
 * @param scope what of the volume is scored; what it does not declare is the first protocol's
 * @param limits for both readers; no member of the request: the installation decides
 */
public record ScoringOptions(
        List<String> protocols,
        List<SegmentMapping> segments,
        SideOptions prediction,
        SideOptions reference,
        boolean pixelUnits,
        boolean ignoreFrameOfReference,
        Map<String, Map<String, List<Double>>> metricParameters,
        Scope scope,
        ReadLimits limits) {

    public static final String DEFAULT_PROTOCOL = "segmeter@1";

    /** Members of a request that say what an evaluation belongs to, not how it is scored; they are read elsewhere. */
    public static final Set<String> DESCRIPTIVE_MEMBERS = Set.of("caseId", "model", "site", "labels");

    /** Member of a side that says where its files are; it is read elsewhere. */
    public static final String PLACE_MEMBER = "dicomweb";

    private static final ScopeReading SCOPE = new ScopeReading(ScoringOptions::wrong);

    private static final int MOST_PROTOCOLS = 16;
    private static final int MOST_MAPPINGS = 65_535;

    public ScoringOptions {
        protocols = List.copyOf(protocols);
        segments = List.copyOf(segments);
        if (protocols.isEmpty()) {
            throw new IllegalArgumentException("at least one protocol");
        }
        metricParameters = Collections.unmodifiableMap(new TreeMap<>(metricParameters));
    }

    /** Default protocol, automatic matching, nothing declared. */
    public static ScoringOptions defaults() {
        return new ScoringOptions(
                List.of(DEFAULT_PROTOCOL),
                List.of(),
                SideOptions.DEFAULT,
                SideOptions.DEFAULT,
                false,
                false,
                Map.of(),
                Scope.NONE,
                ReadLimits.DEFAULT);
    }

    public ScoringOptions withLimits(ReadLimits newLimits) {
        return new ScoringOptions(
                protocols,
                segments,
                prediction,
                reference,
                pixelUnits,
                ignoreFrameOfReference,
                metricParameters,
                scope,
                newLimits);
    }

    public ScoringOptions withProtocols(List<String> ids) {
        return new ScoringOptions(
                ids,
                segments,
                prediction,
                reference,
                pixelUnits,
                ignoreFrameOfReference,
                metricParameters,
                scope,
                limits);
    }

    public ScoringOptions withScope(Scope newScope) {
        return new ScoringOptions(
                protocols,
                segments,
                prediction,
                reference,
                pixelUnits,
                ignoreFrameOfReference,
                metricParameters,
                newScope,
                limits);
    }

    public ScoringOptions withSegments(List<SegmentMapping> mapping) {
        return new ScoringOptions(
                protocols,
                mapping,
                prediction,
                reference,
                pixelUnits,
                ignoreFrameOfReference,
                metricParameters,
                scope,
                limits);
    }

    /** Options for the reader of the prediction; cancellation is added by the scorer. */
    public ReadOptions predictionReadOptions() {
        return readOptions(prediction);
    }

    /** Options for the reader of the reference; cancellation is added by the scorer. */
    public ReadOptions referenceReadOptions() {
        return readOptions(reference);
    }

    private ReadOptions readOptions(SideOptions side) {
        return ReadOptions.defaults()
                .withValues(side.values(), side.threshold())
                .withPixelUnits(pixelUnits)
                .withLimits(limits);
    }

    /**
     * Reads the text of a request.
     *
     * @throws InputException INVALID_REQUEST naming the member that is unknown, of the wrong type or out of range
     */
    public static ScoringOptions parse(String json) throws InputException {
        JsonNode node;
        try {
            node = JsonDocument.read(json);
        } catch (JacksonException e) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The request is not valid JSON.",
                    e.getLocation() == null
                            ? "a syntax error"
                            : "a syntax error at line %d, column %d"
                                    .formatted(
                                            e.getLocation().getLineNr(),
                                            e.getLocation().getColumnNr()),
                    "a JSON object");
        }
        return parse(node);
    }

    /**
     * Reads the members that concern scoring and refuses every member that is neither one of these nor one of
     * {@link #DESCRIPTIVE_MEMBERS}.
     *
     * @throws InputException INVALID_REQUEST naming the member
     */
    public static ScoringOptions parse(JsonNode request) throws InputException {
        requireObject(request, "request");
        requireKnown(
                request,
                "",
                Set.of(
                        "protocol",
                        "segments",
                        "prediction",
                        "reference",
                        "geometry",
                        "metrics",
                        "ignore",
                        "extent",
                        "regions",
                        "loss"),
                DESCRIPTIVE_MEMBERS);
        LaboratoryOptions.parse(request.get("loss"));
        boolean pixelUnits = false;
        boolean ignoreFrame = false;
        JsonNode geometry = request.get("geometry");
        if (geometry != null) {
            requireObject(geometry, "geometry");
            requireKnown(geometry, "geometry.", Set.of("pixelUnits", "frameOfReference"), Set.of());
            JsonNode units = geometry.get("pixelUnits");
            if (units != null) {
                if (!units.isBoolean()) {
                    throw wrong("geometry.pixelUnits", kind(units), "true or false");
                }
                pixelUnits = units.booleanValue();
            }
            JsonNode frame = geometry.get("frameOfReference");
            if (frame != null) {
                ignoreFrame = choice(frame, "geometry.frameOfReference", List.of("check", "ignore"))
                        .equals("ignore");
            }
        }
        return new ScoringOptions(
                protocols(request.get("protocol")),
                mappings(request.get("segments")),
                side(request.get("prediction"), "prediction"),
                side(request.get("reference"), "reference"),
                pixelUnits,
                ignoreFrame,
                parameters(request.get("metrics")),
                SCOPE.read(request),
                ReadLimits.DEFAULT);
    }

    private static List<String> protocols(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return List.of(DEFAULT_PROTOCOL);
        }
        if (node.isString()) {
            return List.of(node.stringValue());
        }
        if (!node.isArray() || node.isEmpty() || node.size() > MOST_PROTOCOLS) {
            throw wrong(
                    "protocol",
                    node.isArray() ? node.size() + " ids" : kind(node),
                    "an id such as segmeter@1, or a list of 1 to " + MOST_PROTOCOLS);
        }
        List<String> ids = new ArrayList<>();
        for (JsonNode id : node) {
            if (!id.isString()) {
                throw wrong("protocol", "a list with " + kind(id), "a list of ids such as segmeter@1");
            }
            if (ids.contains(id.stringValue())) {
                throw wrong("protocol", "an id twice", "each id once");
            }
            ids.add(id.stringValue());
        }
        return ids;
    }

    private static List<SegmentMapping> mappings(@Nullable JsonNode node) throws InputException {
        List<SegmentMapping> result = new ArrayList<>();
        if (node == null) {
            return result;
        }
        if (!node.isArray() || node.size() > MOST_MAPPINGS) {
            throw wrong("segments", kind(node), "a list of {\"prediction\": ..., \"reference\": ...}");
        }
        for (int i = 0; i < node.size(); i++) {
            JsonNode pair = node.get(i);
            String name = "segments[" + i + "]";
            requireObject(pair, name);
            requireKnown(pair, name + ".", Set.of("prediction", "reference"), Set.of());
            result.add(new SegmentMapping(
                    SCOPE.selector(pair.get("prediction"), name + ".prediction"),
                    SCOPE.selector(pair.get("reference"), name + ".reference")));
        }
        return result;
    }

    private static SideOptions side(@Nullable JsonNode node, String name) throws InputException {
        if (node == null) {
            return SideOptions.DEFAULT;
        }
        requireObject(node, name);
        requireKnown(node, name + ".", Set.of("values", "threshold", "background"), Set.of(PLACE_MEMBER));
        ReadOptions.Values values = ReadOptions.Values.UNDECLARED;
        JsonNode declared = node.get("values");
        if (declared != null) {
            values = switch (choice(
                    declared, name + ".values", List.of("labels", "probabilities", "logits", "sigmoid-logits"))) {
                case "labels" -> ReadOptions.Values.LABELS;
                case "probabilities" -> ReadOptions.Values.PROBABILITIES;
                case "logits" -> ReadOptions.Values.LOGITS;
                default -> ReadOptions.Values.SIGMOID_LOGITS;
            };
        }
        OptionalDouble threshold = OptionalDouble.empty();
        JsonNode number = node.get("threshold");
        if (number != null) {
            if (!number.isNumber() || !Double.isFinite(number.doubleValue())) {
                throw wrong(name + ".threshold", kind(number), "a number");
            }
            threshold = OptionalDouble.of(number.doubleValue());
        }
        JsonNode background = node.get("background");
        boolean first = background != null
                && choice(background, name + ".background", List.of("first", "none"))
                        .equals("first");
        return new SideOptions(values, threshold, first);
    }

    private static Map<String, Map<String, List<Double>>> parameters(@Nullable JsonNode node) throws InputException {
        Map<String, Map<String, List<Double>>> result = new TreeMap<>();
        if (node == null) {
            return result;
        }
        requireObject(node, "metrics");
        for (Map.Entry<String, JsonNode> metric : node.properties()) {
            String name = "metrics." + shown(metric.getKey());
            requireObject(metric.getValue(), name);
            Map<String, List<Double>> values = new TreeMap<>();
            for (Map.Entry<String, JsonNode> parameter : metric.getValue().properties()) {
                String parameterName = name + "." + shown(parameter.getKey());
                List<Double> numbers = new ArrayList<>();
                JsonNode value = parameter.getValue();
                Iterable<JsonNode> elements = value.isArray() ? value : List.of(value);
                for (JsonNode element : elements) {
                    if (!element.isNumber() || !Double.isFinite(element.doubleValue())) {
                        throw wrong(parameterName, kind(element), "a number or a list of numbers");
                    }
                    numbers.add(element.doubleValue());
                }
                if (numbers.isEmpty() || numbers.size() > MOST_PROTOCOLS) {
                    throw wrong(parameterName, numbers.size() + " numbers", "1 to " + MOST_PROTOCOLS + " numbers");
                }
                values.put(parameter.getKey(), List.copyOf(numbers));
            }
            result.put(metric.getKey(), values);
        }
        return result;
    }

    private static void requireObject(JsonNode node, String name) throws InputException {
        if (!node.isObject()) {
            throw wrong(name, kind(node), "a JSON object");
        }
    }

    private static void requireKnown(JsonNode object, String prefix, Set<String> known, Set<String> elsewhere)
            throws InputException {
        Collection<String> names = object.propertyNames();
        for (String name : names) {
            if (!known.contains(name) && !elsewhere.contains(name)) {
                List<String> all = new ArrayList<>(known);
                all.addAll(elsewhere);
                all.sort(null);
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "The request has a member that is not known: " + prefix + shown(name) + ".",
                        prefix + shown(name),
                        "one of " + String.join(", ", all));
            }
        }
    }

    private static String choice(JsonNode node, String name, List<String> choices) throws InputException {
        if (!node.isString() || !choices.contains(node.stringValue())) {
            throw wrong(name, kind(node), "one of " + String.join(", ", choices));
        }
        return node.stringValue();
    }

    private static InputException wrong(String member, String found, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member " + member + " of the request cannot be used.",
                member + " is " + found,
                member + " is " + expected);
    }

    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "a list";
            case BOOLEAN -> node.booleanValue() ? "true" : "false";
            case NULL -> "null";
            case NUMBER -> "a number that does not fit";
            case OBJECT -> "an object that does not fit";
            case STRING -> "a text that does not fit";
            default -> "of another kind";
        };
    }

    /** A member's name as far as it is harmless: requests are written by machines too, which make mistakes. */
    static String shown(String name) {
        String clean = name.replaceAll("[^A-Za-z0-9_.@-]", "?");
        return clean.length() <= 40 ? clean : clean.substring(0, 40) + "...";
    }
}
