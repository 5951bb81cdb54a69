package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.segmeter.analytics.Consensus;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.statistics.RaterPatterns;
import org.segmeter.evaluation.Side;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code /api/v1/consensus}: agreement of readers, and what they have in common. */
@RestController
@RequestMapping("/api/v1/consensus")
final class ConsensusController {

    private static final String GZIP = "application/gzip";
    private static final int MARGIN = 5;
    private static final int MOST_MARGIN = 100;
    private static final Set<String> MEMBERS = Set.of("readers", "model", "structure", "margin", "method");

    private final Consensus consensus;
    private final JsonMapper json;

    ConsensusController(Consensus consensus, JsonMapper json) {
        this.consensus = consensus;
        this.json = json;
    }

    @PostMapping
    ResponseEntity<byte[]> of(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        JsonNode request = JsonBody.read(http);
        if (!request.isObject() || !MEMBERS.containsAll(request.propertyNames())) {
            throw AnalyticsParameters.wrong(
                    "request", "is a JSON object with readers and, if wanted, model, structure, margin and method");
        }
        List<Consensus.Source> readers = new ArrayList<>();
        for (JsonNode reader : request.path("readers")) {
            readers.add(source("readers", reader));
        }
        if (!request.path("readers").isArray() || readers.size() < 2 || readers.size() > RaterPatterns.MOST_READERS) {
            throw AnalyticsParameters.wrong(
                    "readers", "is a list of 2 to " + RaterPatterns.MOST_READERS + " sides of evaluations");
        }
        JsonNode structure = request.path("structure");
        if (!structure.isMissingNode()
                && (!structure.isString()
                        || structure.stringValue().isBlank()
                        || structure.stringValue().length() > 200)) {
            throw AnalyticsParameters.wrong("structure", "is a text of 1 to 200 characters");
        }
        JsonNode margin = request.path("margin");
        if (!margin.isMissingNode()
                && (!margin.isIntegralNumber() || margin.intValue() < 0 || margin.intValue() > MOST_MARGIN)) {
            throw AnalyticsParameters.wrong("margin", "is a whole number from 0 to " + MOST_MARGIN);
        }
        JsonNode method = request.path("method");
        if (!method.isMissingNode() && !List.of("majority", "staple").contains(method.asString(""))) {
            throw AnalyticsParameters.wrong("method", "is majority or staple");
        }
        Consensus.Question question = new Consensus.Question(
                readers,
                request.has("model") ? source("model", request.path("model")) : null,
                structure.isString() ? structure.stringValue() : null,
                margin.isMissingNode() ? MARGIN : margin.intValue());
        String accept = http.getHeader(HttpHeaders.ACCEPT);
        try {
            if (accept != null && accept.toLowerCase(Locale.ROOT).contains(GZIP)) {
                return ResponseEntity.ok()
                        .header(HttpHeaders.CONTENT_TYPE, GZIP)
                        .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"consensus.nii.gz\"")
                        .body(consensus.nifti(
                                question,
                                method.asString("majority").equals("staple")
                                        ? Consensus.Method.STAPLE
                                        : Consensus.Method.MAJORITY));
            }
            return ResponseEntity.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(json.writeValueAsBytes(consensus.of(question)));
        } catch (InvalidQuery e) {
            throw AnalyticsParameters.wrong(e.parameter(), e.rule());
        }
    }

    private static Consensus.Source source(String member, JsonNode node) throws InputException {
        String id = node.path("evaluation").asString("");
        String side = node.path("side").asString("");
        if (!node.isObject()
                || !Set.of("evaluation", "side").containsAll(node.propertyNames())
                || !id.matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
                || !List.of("prediction", "reference").contains(side)) {
            throw AnalyticsParameters.wrong(
                    member, "has the members evaluation, an id, and side, prediction or reference");
        }
        return new Consensus.Source(UUID.fromString(id), side.equals("prediction") ? Side.PREDICTION : Side.REFERENCE);
    }
}
