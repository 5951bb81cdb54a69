package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.pacs.Pull;
import org.segmeter.pacs.StoreOutcome;
import org.segmeter.volume.InputException;
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

    private final Pull pull;
    private final JsonMapper json;

    PullController(Pull pull, JsonMapper json) {
        this.pull = pull;
        this.json = json;
    }

    @PostMapping("/api/v1/pulls")
    ResponseEntity<byte[]> pull(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        JsonNode request = JsonBody.read(http);
        SourcePlace place = SourcePlace.read(request, "", pull);
        if (place.study() == null) {
            throw SourcePlace.wrong("study", "none", "a UID");
        }
        List<StoreOutcome> outcomes;
        try {
            outcomes = pull.fetch(place.source(), place.study(), place.series(), place.instance());
        } catch (Pull.SourceFailed e) {
            throw new ProblemException(Problem.of(ServiceProblem.SOURCE_FAILED, String.valueOf(e.getMessage()))
                    .with("source", place.source()));
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
}
