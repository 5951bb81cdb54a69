package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Pull;
import org.segmeter.pacs.StoreOutcome;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Fetches the segmentations of a study from a PACS of the configuration, so that all of it is paired and scored. */
@RestController
final class PullController {

    private static final Set<String> MEMBERS = Set.of("source", "study", "series", "instance");

    private final Pull pull;
    private final JsonMapper json;

    PullController(Pull pull, JsonMapper json) {
        this.pull = pull;
        this.json = json;
    }

    @PostMapping("/api/v1/pulls")
    ResponseEntity<byte[]> pull(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        JsonNode request = JsonBody.read(http);
        if (!request.isObject() || !MEMBERS.containsAll(request.propertyNames())) {
            throw wrong("request", "a JSON object with source, study and perhaps series and instance");
        }
        String source = request.path("source").asString("");
        if (!pull.knows(source)) {
            throw wrong(
                    "source",
                    "one of those of the configuration: "
                            + pull.sources().stream().sorted().toList());
        }
        String study = uid(request, "study");
        if (study == null) {
            throw wrong("study", "a UID");
        }
        List<StoreOutcome> outcomes;
        try {
            outcomes = pull.fetch(source, study, uid(request, "series"), uid(request, "instance"));
        } catch (Pull.SourceFailed e) {
            throw new ProblemException(Problem.of(ServiceProblem.SOURCE_FAILED, String.valueOf(e.getMessage()))
                    .with("source", source));
        }
        ObjectNode body = json.createObjectNode();
        ArrayNode instances = body.putArray("instances");
        Set<UUID> pairs = new LinkedHashSet<>();
        for (StoreOutcome outcome : outcomes) {
            ObjectNode node = instances.addObject();
            switch (outcome) {
                case StoreOutcome.Stored stored -> {
                    node.put("sopInstanceUid", stored.instance().sopInstanceUid());
                    node.put("stored", true);
                    node.put("link", DicomWebAnswers.ROOT + stored.instance().path());
                    if (stored.comment() != null) {
                        node.put("comment", stored.comment());
                    }
                    pairs.addAll(stored.pairs());
                }
                case StoreOutcome.Refused refused -> {
                    if (refused.sopInstanceUid() != null) {
                        node.put("sopInstanceUid", refused.sopInstanceUid());
                    }
                    node.put("stored", false);
                    node.put("reason", "%04X".formatted(refused.reason().code()));
                    node.put("comment", refused.comment());
                }
            }
        }
        ArrayNode links = body.putArray("pairs");
        pairs.forEach(pair -> links.add("/api/v1/pairs/" + pair));
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }

    private static @Nullable String uid(JsonNode request, String member) throws InputException {
        JsonNode node = request.path(member);
        if (node.isMissingNode()) {
            return null;
        }
        if (!node.isString() || !node.stringValue().matches("[0-9.]{1,64}")) {
            throw wrong(member, "a UID");
        }
        return node.stringValue();
    }

    private static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                "another value",
                expected);
    }
}
