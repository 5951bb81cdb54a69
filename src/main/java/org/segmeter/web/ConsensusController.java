package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.Consensus;
import org.segmeter.analytics.InvalidQuery;
import org.segmeter.analytics.statistics.RaterPatterns;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.Side;
import org.segmeter.telemetry.ServiceMetrics;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code /api/v1/consensus}: agreement of readers, and what they have in common. */
@RestController
@RequestMapping("/api/v1/consensus")
final class ConsensusController {

    private static final String GZIP = "application/gzip";
    private static final int MARGIN = 5;
    private static final int MOST_MARGIN = 100;
    private static final Set<String> MEMBERS = Set.of("readers", "model", "structure", "margin", "method");

    private static final int MOST_FILES = 4096;

    private final Consensus consensus;
    private final BlobStore store;
    private final UploadAdmission admission;
    private final WebSettings settings;
    private final ServiceMetrics metrics;
    private final JsonMapper json;

    ConsensusController(
            Consensus consensus,
            BlobStore store,
            UploadAdmission admission,
            WebSettings settings,
            ServiceMetrics metrics,
            JsonMapper json) {
        this.consensus = consensus;
        this.store = store;
        this.admission = admission;
        this.settings = settings;
        this.metrics = metrics;
        this.json = json;
    }

    @PostMapping
    ResponseEntity<byte[]> of(HttpServletRequest http) throws IOException, InputException, InterruptedException {
        String type = http.getContentType();
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
            return answer(http, JsonBody.read(http), List.of(), null);
        }
        try (UploadAdmission.Slot slot = admission.admitBatch(http);
                ConsensusUpload upload = ConsensusUpload.receive(http, store, settings.upload(), slot, metrics)) {
            String text = upload.request();
            return answer(
                    http,
                    text == null ? JsonNodeFactory.instance.objectNode() : JsonBody.parse(text),
                    upload.readers(),
                    upload.model());
        }
    }

    /**
     * @param sent readers that came as files, before those that the request names
     * @param sentModel the model, if it came as a file
     */
    private ResponseEntity<byte[]> answer(
            HttpServletRequest http,
            JsonNode request,
            List<Consensus.Source.Sent> sent,
            Consensus.Source.@Nullable Sent sentModel)
            throws IOException, InputException, InterruptedException {
        if (!request.isObject() || !MEMBERS.containsAll(request.propertyNames())) {
            throw AnalyticsParameters.wrong(
                    "request", "is a JSON object with readers and, if wanted, model, structure, margin and method");
        }
        List<Consensus.Source> readers = new ArrayList<>(sent);
        for (JsonNode reader : request.path("readers")) {
            readers.add(source("readers", reader));
        }
        boolean isList = request.path("readers").isArray()
                || !sent.isEmpty() && request.path("readers").isMissingNode();
        if (!isList || readers.size() < 2 || readers.size() > RaterPatterns.MOST_READERS) {
            throw AnalyticsParameters.wrong(
                    "readers",
                    "is a list of sides of evaluations or of stored files; with those that are sent as parts reader"
                            + " there are 2 to " + RaterPatterns.MOST_READERS);
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
                && (!margin.isIntegralNumber()
                        || !margin.canConvertToInt()
                        || margin.intValue() < 0
                        || margin.intValue() > MOST_MARGIN)) {
            throw AnalyticsParameters.wrong("margin", "is a whole number from 0 to " + MOST_MARGIN);
        }
        JsonNode method = request.path("method");
        if (!method.isMissingNode() && !List.of("majority", "staple").contains(method.asString(""))) {
            throw AnalyticsParameters.wrong("method", "is majority or staple");
        }
        if (sentModel != null && request.has("model")) {
            throw AnalyticsParameters.wrong("model", "is there, and a part model is, too; one of them is enough");
        }
        Consensus.Question question = new Consensus.Question(
                readers,
                sentModel != null ? sentModel : request.has("model") ? source("model", request.path("model")) : null,
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
        return node.has("sha256") ? stored(member, node) : side(member, node);
    }

    private static Consensus.Source stored(String member, JsonNode node) throws InputException {
        List<String> digests = new ArrayList<>();
        JsonNode given = node.path("sha256");
        for (JsonNode digest : given.isString() ? List.of(given) : given) {
            digests.add(digest.asString(""));
        }
        if (node.size() != 1
                || digests.isEmpty()
                || digests.size() > MOST_FILES
                || !digests.stream().allMatch(digest -> digest.matches("[0-9a-f]{64}"))) {
            throw AnalyticsParameters.wrong(
                    member,
                    "has the member sha256: the digest of a stored file, or a list of those of the files of a series,"
                            + " 64 hexadecimal digits each");
        }
        return new Consensus.Source.Stored(digests);
    }

    private static Consensus.Source side(String member, JsonNode node) throws InputException {
        String id = node.path("evaluation").asString("");
        String side = node.path("side").asString("");
        if (!node.isObject()
                || !Set.of("evaluation", "side").containsAll(node.propertyNames())
                || !id.matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
                || !List.of("prediction", "reference").contains(side)) {
            throw AnalyticsParameters.wrong(
                    member, "has the members evaluation, an id, and side, prediction or reference; or sha256");
        }
        return new Consensus.Source.OfEvaluation(
                UUID.fromString(id), side.equals("prediction") ? Side.PREDICTION : Side.REFERENCE);
    }
}
