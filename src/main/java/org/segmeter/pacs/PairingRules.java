package org.segmeter.pacs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.JsonNode;

/**
 * How the role of a segmentation is found: the first rule whose conditions are all true decides. What no rule decides is kept, and
 * takes part in no pair.
 *
 * @param rules in their order
 * @param models the models in use; {@code registeredModel} is true for what one of them made
 * @param severalPredictions what to do with a reference that could belong to predictions of several models
 * @param protocols by which pairs are scored
 * @param document the rules as they were given, JSON
 */
public record PairingRules(
        List<Rule> rules, List<Model> models, Several severalPredictions, List<String> protocols, String document) {

    private static final int MOST = 200;
    private static final Set<String> TEXTS = Set.of(
            "algorithmType",
            "algorithmName",
            "manufacturer",
            "modelName",
            "seriesDescription",
            "contentCreator",
            "source");
    private static final Set<String> FLAGS = Set.of("refersToSegmentation", "registeredModel");

    /** Of the rules of an installation that was not told any. */
    public static final String DEFAULT = """
        {
          "rules": [
            {"name": "edited", "when": {"refersToSegmentation": true}, "role": "REFERENCE"},
            {"name": "registered-model", "when": {"registeredModel": true}, "role": "PREDICTION"},
            {"name": "automatic", "when": {"algorithmType": "AUTOMATIC"}, "role": "PREDICTION"},
            {"name": "drawn", "when": {"algorithmType": ["MANUAL", "SEMIAUTOMATIC"]}, "role": "REFERENCE"}
          ],
          "models": [],
          "severalPredictions": "AMBIGUOUS",
          "protocols": ["segmeter@1"]
        }
        """;

    /** What to do when predictions of several models fit a reference. */
    public enum Several {
        /** A person says which. */
        AMBIGUOUS,
        /** Each model's is scored; two of one model are ambiguous still. */
        EACH_MODEL
    }

    /** @param role null: takes part in no pair */
    public record Rule(
            String name, Conditions when, @Nullable Role role) {}

    /** @param name the model's name where the object gives none */
    public record Model(String name, @Nullable String version, Conditions when) {}

    /** @param rule name of the rule that decided; null if none did */
    public record Decision(@Nullable Role role, @Nullable String rule) {}

    /** Conditions, all of which must be true. A text may have {@code *} and {@code ?}; case does not matter. */
    public record Conditions(Map<String, List<Pattern>> texts, Map<String, Boolean> flags) {}

    public PairingRules {
        rules = List.copyOf(rules);
        models = List.copyOf(models);
        protocols = List.copyOf(protocols);
    }

    /** The part that a segmentation plays. */
    public Decision decide(StoredInstance instance) {
        if (instance.segments().isEmpty()) {
            return new Decision(null, null);
        }
        for (Rule rule : rules) {
            if (matches(rule.when, instance, true)) {
                return new Decision(rule.role, rule.name);
            }
        }
        return new Decision(null, null);
    }

    /** The registered model that made a segmentation; null if none did. */
    public @Nullable Model model(StoredInstance instance) {
        for (Model model : models) {
            if (matches(model.when, instance, false)) {
                return model;
            }
        }
        return null;
    }

    private boolean matches(Conditions when, StoredInstance instance, boolean withModels) {
        for (Map.Entry<String, List<Pattern>> text : when.texts.entrySet()) {
            Stream<@Nullable String> values = switch (text.getKey()) {
                case "algorithmType" -> Stream.of(algorithmType(instance));
                case "algorithmName" -> instance.segments().stream().map(StoredSegment::algorithmName);
                case "manufacturer" -> Stream.of(instance.manufacturer());
                case "modelName" -> Stream.of(instance.modelName());
                case "seriesDescription" -> Stream.of(instance.seriesDescription());
                case "contentCreator" -> Stream.of(instance.contentCreator());
                default -> Stream.of(instance.source());
            };
            List<String> given = values.filter(Objects::nonNull).toList();
            if (text.getValue().stream()
                    .noneMatch(pattern -> given.stream()
                            .anyMatch(value -> pattern.matcher(value).matches()))) {
                return false;
            }
        }
        for (Map.Entry<String, Boolean> flag : when.flags.entrySet()) {
            boolean found = flag.getKey().equals("refersToSegmentation")
                    ? !instance.referencedSegmentations().isEmpty()
                    : withModels && model(instance) != null;
            if (found != flag.getValue()) {
                return false;
            }
        }
        return true;
    }

    /** How much of a person is in it: one segment that was drawn or corrected makes the object a drawn or corrected one. */
    private static @Nullable String algorithmType(StoredInstance instance) {
        Set<String> types = instance.segments().stream()
                .map(StoredSegment::algorithmType)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
        return types.contains("MANUAL")
                ? "MANUAL"
                : types.contains("SEMIAUTOMATIC") ? "SEMIAUTOMATIC" : types.contains("AUTOMATIC") ? "AUTOMATIC" : null;
    }

    /** @throws InputException INVALID_REQUEST naming what is wrong */
    public static PairingRules parse(JsonNode json) throws InputException {
        members(json, "the rules", Set.of("rules", "models", "severalPredictions", "protocols"));
        List<Rule> rules = new ArrayList<>();
        for (JsonNode node : list(json.path("rules"), "rules")) {
            members(node, "a rule", Set.of("name", "when", "role"));
            String role = node.path("role").asString("");
            if (!Set.of("PREDICTION", "REFERENCE", "NONE").contains(role)) {
                throw wrong("role", "PREDICTION, REFERENCE or NONE");
            }
            rules.add(new Rule(
                    name(node, "name"),
                    conditions(node.path("when"), FLAGS),
                    role.equals("NONE") ? null : Role.valueOf(role)));
        }
        List<Model> models = new ArrayList<>();
        for (JsonNode node : list(json.path("models"), "models")) {
            members(node, "a model", Set.of("name", "version", "when"));
            models.add(new Model(
                    name(node, "name"),
                    node.path("version").isMissingNode() ? null : name(node, "version"),
                    conditions(node.path("when"), Set.of("refersToSegmentation"))));
        }
        String several = json.path("severalPredictions").asString("AMBIGUOUS");
        if (!Set.of("AMBIGUOUS", "EACH_MODEL").contains(several)) {
            throw wrong("severalPredictions", "AMBIGUOUS or EACH_MODEL");
        }
        List<String> protocols = new ArrayList<>();
        for (JsonNode node : list(json.path("protocols"), "protocols")) {
            protocols.add(node.asString(""));
        }
        return new PairingRules(
                rules,
                models,
                Several.valueOf(several),
                protocols.isEmpty() ? List.of("segmeter@1") : protocols,
                json.toString());
    }

    private static Conditions conditions(JsonNode node, Set<String> flags) throws InputException {
        if (!node.isObject() || node.isEmpty()) {
            throw wrong("when", "an object with at least one condition");
        }
        Map<String, List<Pattern>> texts = new java.util.LinkedHashMap<>();
        Map<String, Boolean> given = new java.util.LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> one : node.properties()) {
            JsonNode value = one.getValue();
            if (flags.contains(one.getKey())) {
                if (!value.isBoolean()) {
                    throw wrong("when." + one.getKey(), "true or false");
                }
                given.put(one.getKey(), value.booleanValue());
            } else if (TEXTS.contains(one.getKey())) {
                List<Pattern> patterns = new ArrayList<>();
                for (JsonNode text : value.isArray() ? value : List.of(value)) {
                    if (!text.isString() || text.stringValue().length() > MOST) {
                        throw wrong("when." + one.getKey(), "a text or a list of texts");
                    }
                    patterns.add(pattern(text.stringValue()));
                }
                texts.put(one.getKey(), patterns);
            } else {
                throw wrong(
                        "when",
                        "only the conditions "
                                + Stream.concat(TEXTS.stream(), flags.stream())
                                        .sorted()
                                        .collect(Collectors.joining(", ")));
            }
        }
        return new Conditions(texts, given);
    }

    private static Pattern pattern(String text) {
        StringBuilder regex = new StringBuilder();
        for (char c : text.toLowerCase(Locale.ROOT).replaceAll("\\*+", "*").toCharArray()) {
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return Pattern.compile(regex.toString(), Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.DOTALL);
    }

    private static JsonNode list(JsonNode node, String name) throws InputException {
        if (!node.isMissingNode() && (!node.isArray() || node.size() > MOST)) {
            throw wrong(name, "a list of at most " + MOST);
        }
        return node;
    }

    private static String name(JsonNode node, String member) throws InputException {
        String name = node.path(member).asString("");
        if (name.isBlank() || name.length() > MOST || name.chars().anyMatch(Character::isISOControl)) {
            throw wrong(member, "a text of 1 to " + MOST + " characters");
        }
        return name;
    }

    private static void members(JsonNode node, String what, Set<String> known) throws InputException {
        if (!node.isObject()) {
            throw wrong(what, "a JSON object");
        }
        for (String member : node.propertyNames()) {
            if (!known.contains(member)) {
                throw wrong(what, "only the members " + known.stream().sorted().collect(Collectors.joining(", ")));
            }
        }
    }

    private static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "Of the pairing rules, '" + member + "' is not as it should be.",
                "another value",
                expected);
    }
}
