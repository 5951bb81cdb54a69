package org.segmeter.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.evaluation.Problem;
import org.segmeter.evaluation.ProtocolStore;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.scoring.MetricCatalogueJson;
import org.segmeter.scoring.Protocol;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/** By which conventions evaluations can be scored, and what each metric is. */
@RestController
final class CatalogueController {

    private static final int LONGEST_PROTOCOL = 1 << 20;

    private final ProtocolStore protocols;
    private final JsonMapper json;

    CatalogueController(ProtocolStore protocols, JsonMapper json) {
        this.protocols = protocols;
        this.json = json;
    }

    @GetMapping("/api/v1/protocols")
    ResponseEntity<byte[]> all() {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Protocol protocol : protocols.all().all()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("id", protocol.id());
            entry.put("title", protocol.title());
            entry.put("sha256", protocol.sha256());
            entry.put("link", "/api/v1/protocols/" + protocol.id());
            list.add(entry);
        }
        return answer(ResponseEntity.ok(), Map.of("protocols", list));
    }

    @GetMapping("/api/v1/metrics")
    ResponseEntity<byte[]> metrics() {
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(MetricCatalogueJson.write(protocols.all()).getBytes(StandardCharsets.UTF_8));
    }

    @GetMapping("/api/v1/protocols/{id}")
    ResponseEntity<byte[]> one(@PathVariable("id") String id) {
        Protocol protocol = protocols.all().find(id);
        if (protocol == null) {
            throw new ProblemException(
                    ServiceProblem.NOT_FOUND, "No protocol has this id; /api/v1/protocols lists all.");
        }
        return answer(ResponseEntity.ok().eTag(protocol.sha256()), resource(protocol));
    }

    @PostMapping("/api/v1/protocols")
    ResponseEntity<byte[]> add(InputStream body, jakarta.servlet.http.HttpServletRequest http)
            throws IOException, InputException {
        String type = http.getContentType();
        if (type == null || !MediaType.parseMediaType(type).isCompatibleWith(MediaType.APPLICATION_JSON)) {
            throw new ProblemException(ServiceProblem.UNSUPPORTED_MEDIA_TYPE, "A protocol is sent as application/json.")
                    .header("Accept-Post", "application/json");
        }
        byte[] bytes = body.readNBytes(LONGEST_PROTOCOL + 1);
        if (bytes.length > LONGEST_PROTOCOL) {
            throw new ProblemException(Problem.of(
                            ServiceProblem.PAYLOAD_TOO_LARGE,
                            "The protocol is longer than %d bytes.".formatted(LONGEST_PROTOCOL))
                    .with("limit", LONGEST_PROTOCOL));
        }
        Protocol protocol = Protocol.parse(new String(bytes, StandardCharsets.UTF_8));
        return switch (protocols.add(protocol)) {
            case ADDED ->
                answer(
                        ResponseEntity.status(201)
                                .header(HttpHeaders.LOCATION, "/api/v1/protocols/" + protocol.id())
                                .eTag(protocol.sha256()),
                        resource(protocol));
            case PRESENT -> answer(ResponseEntity.ok().eTag(protocol.sha256()), resource(protocol));
            case TAKEN ->
                throw new ProblemException(Problem.of(
                                ServiceProblem.PROTOCOL_EXISTS,
                                "The protocol %s exists with another content; give the new one a higher version."
                                        .formatted(protocol.id()))
                        .with("id", protocol.id()));
        };
    }

    private static Map<String, Object> resource(Protocol protocol) {
        Map<String, Object> resource = new LinkedHashMap<>();
        resource.put("id", protocol.id());
        resource.put("title", protocol.title());
        resource.put("sha256", protocol.sha256());
        resource.put("document", new RawValue(protocol.document()));
        return resource;
    }

    private ResponseEntity<byte[]> answer(ResponseEntity.BodyBuilder builder, Map<String, ?> body) {
        return builder.contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }
}
