package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.loss.LossSettings;
import org.segmeter.metric.loss.LossSettings.Reduction;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a report of losses and calibration depends on beside the pair: the parameters of {@code segmeter loss}.
 *
 * @param settings parameters of the losses
 * @param bins of the reliability table, a divisor of 300
 * @param band how many voxels the boundary band reaches to either side of the reference's boundary
 * @param ignore numbers of reference segments whose voxels are left out of everything ("ignore label")
 * @param mask number of the reference segment whose voxels alone count; null: all voxels
 */
public record LaboratoryOptions(
        LossSettings settings,
        int bins,
        int band,
        List<Integer> ignore,
        @Nullable Integer mask) {

    /** The parameters by name and what they do, in the order of the documentation. */
    public static final Map<String, String> PARAMETERS = parameters();

    private static final int MOST_IN_A_LIST = 4096;

    public LaboratoryOptions {
        ignore = List.copyOf(ignore);
        if (bins < 1 || 300 % bins != 0) {
            throw new IllegalArgumentException("the number of bins divides 300: " + bins);
        }
        if (band < 1 || band > 100) {
            throw new IllegalArgumentException("the boundary band is 1 to 100 voxels wide: " + band);
        }
    }

    public static LaboratoryOptions defaults() {
        return new LaboratoryOptions(LossSettings.defaults(), 15, 2, List.of(), null);
    }

    /** True if soft skeletons and distances are asked for, which take memory for each voxel. */
    public boolean dense() {
        return settings.dense();
    }

    /** Whether voxels are sorted. */
    public boolean ranked() {
        return settings.ranked();
    }

    private static Map<String, String> parameters() {
        Map<String, String> p = new LinkedHashMap<>();
        p.put("smooth", "smoothing of the region losses, in numerator and denominator; not negative");
        p.put("alpha", "Tversky weight of false positives, 0 to 1; misses have 1 - alpha");
        p.put("focalGamma", "exponent of the focal losses, 0 to 100");
        p.put("focalAlpha", "weight of reference voxels in the focal loss, 0 to 1");
        p.put("topKPercent", "share of the hardest voxels that the top-k loss keeps, above 0 to 100 percent");
        p.put("labelSmoothing", "of the cross-entropy of classes, 0 to below 1");
        p.put("huberDelta", "error at which the Huber loss turns linear, above 0 to 1");
        p.put("skeletonIterations", "of the soft skeleton, 0 to 1000");
        p.put("classWeights", "one for each class, background first: of losses of several classes");
        p.put("reduction", "of the losses of several classes to one: mean or sum");
        p.put("ranked", "true to sort voxels (Lovász, top-k, adaptive calibration error)");
        p.put("dense", "true for soft skeletons and distance losses, for boxes of up to 2^24 voxels");
        p.put("bins", "of the reliability table, a divisor of 300");
        p.put("band", "width of the boundary band to either side, 1 to 100 voxels");
        p.put("ignore", "numbers of reference segments whose voxels are left out");
        p.put("mask", "number of the reference segment whose voxels alone count");
        return p;
    }

    /**
     * The standard parameters with some replaced.
     *
     * @param texts by name; numbers of a list are separated by commas
     * @throws InputException INVALID_REQUEST naming the parameter that is unknown or out of range
     */
    public static LaboratoryOptions parse(Map<String, String> texts) throws InputException {
        for (String name : texts.keySet()) {
            if (!PARAMETERS.containsKey(name)) {
                throw new InputException(
                        InputProblem.INVALID_REQUEST,
                        "The losses have no parameter " + shown(name) + ".",
                        shown(name),
                        "one of " + String.join(", ", PARAMETERS.keySet()));
            }
        }
        LaboratoryOptions standard = defaults();
        LossSettings s = standard.settings();
        try {
            return new LaboratoryOptions(
                    new LossSettings(
                            given(texts, "smooth", LaboratoryOptions::number, s.smooth()),
                            given(texts, "alpha", LaboratoryOptions::number, s.alpha()),
                            given(texts, "focalGamma", LaboratoryOptions::number, s.focalGamma()),
                            given(texts, "focalAlpha", LaboratoryOptions::number, s.focalAlpha()),
                            given(texts, "topKPercent", LaboratoryOptions::number, s.topKPercent()),
                            given(texts, "labelSmoothing", LaboratoryOptions::number, s.labelSmoothing()),
                            given(texts, "huberDelta", LaboratoryOptions::number, s.huberDelta()),
                            given(texts, "skeletonIterations", Integer::parseInt, s.skeletonIterations()),
                            given(texts, "classWeights", LaboratoryOptions::numbers, s.classWeights()),
                            given(texts, "reduction", LaboratoryOptions::reduction, s.reduction()),
                            given(texts, "ranked", LaboratoryOptions::truth, s.ranked()),
                            given(texts, "dense", LaboratoryOptions::truth, s.dense())),
                    given(texts, "bins", Integer::parseInt, standard.bins()),
                    given(texts, "band", Integer::parseInt, standard.band()),
                    given(texts, "ignore", LaboratoryOptions::integers, standard.ignore()),
                    texts.containsKey("mask") ? given(texts, "mask", Integer::parseInt, 0) : null);
        } catch (IllegalArgumentException e) {
            // The texts of these exceptions are those of the constructors: a rule and the number that breaks it.
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "A parameter of the losses is out of range.",
                    String.valueOf(e.getMessage()),
                    "see the parameters in segmeter loss --help");
        }
    }

    /**
     * Reads the member {@code loss} of a request: the parameters by name.
     *
     * @param node null for the standard parameters
     * @throws InputException INVALID_REQUEST naming the parameter that is unknown, of the wrong type or out of range
     */
    public static LaboratoryOptions parse(@Nullable JsonNode node) throws InputException {
        if (node == null) {
            return defaults();
        }
        if (!node.isObject()) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The member loss of the request cannot be used.",
                    "loss is " + ScoringOptions.kind(node),
                    "loss is a JSON object with parameters of the losses");
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            String name = member.getKey();
            boolean fits = switch (name) {
                case "ranked", "dense" -> member.getValue().isBoolean();
                case "reduction" -> member.getValue().isString();
                case "classWeights", "ignore" -> member.getValue().isArray();
                default -> member.getValue().isNumber();
            };
            if (!fits && PARAMETERS.containsKey(name)) {
                throw wrong(name, ScoringOptions.kind(member.getValue()), PARAMETERS.getOrDefault(name, ""));
            }
            texts.put(name, text(name, member.getValue()));
        }
        return parse(texts);
    }

    /** As the command line would have it. */
    private static String text(String name, JsonNode value) throws InputException {
        if (!value.isArray()) {
            return value.asString("");
        }
        List<String> elements = new ArrayList<>();
        for (JsonNode element : value) {
            if (!element.isNumber()) {
                throw wrong(name, "a list with " + ScoringOptions.kind(element), "a list of numbers");
            }
            elements.add(element.asString());
        }
        return String.join(",", elements);
    }

    /**
     * The parameters of a request that {@link ScoringOptions#parse(String)} accepts.
     *
     * @param request null for none
     * @throws InputException INVALID_REQUEST as {@link #parse(JsonNode)}
     */
    public static LaboratoryOptions ofRequest(@Nullable String request) throws InputException {
        return request == null ? defaults() : parse(JsonDocument.read(request).get("loss"));
    }

    private static <T> T given(Map<String, String> texts, String name, Function<String, T> reading, T standard)
            throws InputException {
        String text = texts.get(name);
        if (text == null) {
            return standard;
        }
        try {
            return reading.apply(text);
        } catch (IllegalArgumentException e) {
            throw wrong(name, "a value that does not fit", PARAMETERS.getOrDefault(name, ""));
        }
    }

    private static double number(String text) {
        double value = Double.parseDouble(text);
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("not finite");
        }
        return value;
    }

    private static List<Double> numbers(String text) {
        List<Double> list = new ArrayList<>();
        for (String each : split(text)) {
            list.add(number(each));
        }
        return list;
    }

    private static List<Integer> integers(String text) {
        TreeSet<Integer> sorted = new TreeSet<>();
        for (String each : split(text)) {
            sorted.add(Integer.parseInt(each));
        }
        return List.copyOf(sorted);
    }

    private static List<String> split(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        List<String> parts = List.of(text.split(",", -1));
        if (parts.size() > MOST_IN_A_LIST) {
            throw new IllegalArgumentException("too many");
        }
        return parts.stream().map(String::strip).toList();
    }

    private static Reduction reduction(String text) {
        return Reduction.valueOf(text.toUpperCase(Locale.ROOT));
    }

    private static boolean truth(String text) {
        if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException("neither true nor false");
        }
        return text.equals("true");
    }

    /** All parameters with their values, in a fixed order: two equal options give the same bytes. */
    public ObjectNode json() {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("smooth", settings.smooth());
        node.put("alpha", settings.alpha());
        node.put("focalGamma", settings.focalGamma());
        node.put("focalAlpha", settings.focalAlpha());
        node.put("topKPercent", settings.topKPercent());
        node.put("labelSmoothing", settings.labelSmoothing());
        node.put("huberDelta", settings.huberDelta());
        node.put("skeletonIterations", settings.skeletonIterations());
        node.set("classWeights", ScorecardJson.plain(settings.classWeights()));
        node.put("reduction", settings.reduction().name().toLowerCase(Locale.ROOT));
        node.put("ranked", settings.ranked());
        node.put("dense", settings.dense());
        node.put("bins", bins);
        node.put("band", band);
        node.set("ignore", ScorecardJson.plain(ignore));
        node.set("mask", ScorecardJson.plain(mask));
        return node;
    }

    private static InputException wrong(String name, String found, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The parameter " + shown(name) + " of the losses cannot be used.",
                found,
                expected);
    }

    private static String shown(String name) {
        String clean = name.replaceAll("[^A-Za-z0-9_.-]", "?");
        return clean.length() <= 40 ? clean : clean.substring(0, 40) + "...";
    }
}
