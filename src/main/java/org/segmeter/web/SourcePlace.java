package org.segmeter.web;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.pacs.Pull;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import tools.jackson.databind.JsonNode;

/**
 * What is to be fetched from a PACS, as a request names it. The source is one of the configuration; no address comes from a request.
 *
 * @param study null if none is named; likewise series and instance
 */
record SourcePlace(
        String source,
        @Nullable String study,
        @Nullable String series,
        @Nullable String instance) {

    private static final Set<String> MEMBERS = Set.of("source", "study", "series", "instance");

    /**
     * @param name of the member that holds the place; empty if it is the request itself
     * @throws InputException INVALID_REQUEST naming the member that is wrong
     */
    static SourcePlace read(JsonNode place, String name, Pull pull) throws InputException {
        if (!place.isObject() || !MEMBERS.containsAll(place.propertyNames())) {
            throw wrong(
                    name.isEmpty() ? "request" : name,
                    "another value",
                    "an object of source, study and perhaps series and instance");
        }
        String before = name.isEmpty() ? "" : name + ".";
        String source = place.path("source").asString("");
        if (!pull.knows(source)) {
            throw wrong(
                    before + "source",
                    "another name",
                    pull.sources().isEmpty()
                            ? "a source of the configuration, which has none (segmeter.pacs.sources)"
                            : "one of those of the configuration: "
                                    + pull.sources().stream().sorted().toList());
        }
        return new SourcePlace(
                source, uid(place, "study", before), uid(place, "series", before), uid(place, "instance", before));
    }

    private static @Nullable String uid(JsonNode place, String member, String before) throws InputException {
        JsonNode node = place.path(member);
        if (node.isMissingNode()) {
            return null;
        }
        if (!node.isString() || !node.stringValue().matches("[0-9.]{1,64}")) {
            throw wrong(before + member, "another value", "a UID");
        }
        return node.stringValue();
    }

    static InputException wrong(String member, String found, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                found,
                expected);
    }
}
