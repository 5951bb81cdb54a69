package org.segmeter.evaluation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.JsonNode;

/**
 * What an evaluation belongs to, as its sender says; plays no part in the numbers.
 *
 * @param caseId the sender's name for the case, a pseudonym
 * @param modelName which model made the prediction
 * @param modelVersion in which version
 * @param site where
 * @param labels free names and values to find it by
 */
public record Description(
        @Nullable String caseId,
        @Nullable String modelName,
        @Nullable String modelVersion,
        @Nullable String site,
        Map<String, String> labels) {

    private static final int LONGEST = 200;
    private static final int MOST_LABELS = 32;

    /** Nothing was said. */
    public static final Description NONE = new Description(null, null, null, null, Map.of());

    public Description {
        labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    }

    /**
     * Reads {@code caseId}, {@code model}, {@code site} and {@code labels} of a request; other members are not looked at.
     *
     * @throws InputException INVALID_REQUEST naming the member
     */
    public static Description parse(JsonNode request) throws InputException {
        if (!request.isObject()) {
            throw wrong("request", "a JSON object");
        }
        JsonNode model = request.get("model");
        String name = null;
        String version = null;
        if (model != null && !model.isNull()) {
            if (!model.isObject()) {
                throw wrong("model", "an object with name and version");
            }
            for (String member : model.propertyNames()) {
                if (!Set.of("name", "version").contains(member)) {
                    throw wrong("model", "only the members name and version");
                }
            }
            name = text(model, "name", "model.name");
            version = text(model, "version", "model.version");
            if (version != null && name == null) {
                throw wrong("model.name", "a name beside the version");
            }
        }
        return new Description(
                text(request, "caseId", "caseId"), name, version, text(request, "site", "site"), labels(request));
    }

    private static Map<String, String> labels(JsonNode request) throws InputException {
        JsonNode node = request.get("labels");
        if (node == null || node.isNull()) {
            return Map.of();
        }
        if (!node.isObject() || node.size() > MOST_LABELS) {
            throw wrong("labels", "an object with at most " + MOST_LABELS + " texts");
        }
        Map<String, String> labels = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> label : node.properties()) {
            String value = text(node, label.getKey(), "labels");
            if (label.getKey().isBlank() || unfit(label.getKey()) || value == null) {
                throw wrong("labels", "names and texts of 1 to " + LONGEST + " characters");
            }
            labels.put(label.getKey(), value);
        }
        return labels;
    }

    private static @Nullable String text(JsonNode parent, String member, String shownAs) throws InputException {
        JsonNode node = parent.get(member);
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isString() || node.stringValue().isBlank() || unfit(node.stringValue())) {
            throw wrong(shownAs, "a text of 1 to " + LONGEST + " characters without control characters");
        }
        return node.stringValue().strip();
    }

    private static boolean unfit(String text) {
        return text.length() > LONGEST || text.codePoints().anyMatch(c -> Character.isISOControl(c) || isHalf(c));
    }

    /** Half of a surrogate pair is no character: it would be kept as a question mark, and two names as one. */
    private static boolean isHalf(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }

    private static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                "another value",
                expected);
    }
}
