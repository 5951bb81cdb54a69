package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.security.ApiKey;
import org.segmeter.security.ApiKeys;
import org.segmeter.security.Role;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The keys of the caller's tenant. */
@RestController
@RequestMapping("/api/v1/keys")
final class KeyController {

    private static final String PATH = "/api/v1/keys/";
    private static final int LONGEST_DAYS = 36500;
    private static final Duration OVERLAP = Duration.ofHours(24);

    private final ApiKeys keys;
    private final JsonMapper json;

    KeyController(ApiKeys keys, JsonMapper json) {
        this.keys = keys;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> list() {
        return answer(
                200,
                Map.of("keys", keys.list().stream().map(KeyController::document).toList()));
    }

    @PostMapping
    ResponseEntity<byte[]> create(HttpServletRequest http) throws IOException, InputException {
        JsonNode request = object(http, Set.of("name", "roles", "days"));
        Set<Role> roles = EnumSet.noneOf(Role.class);
        for (JsonNode role : request.path("roles")) {
            roles.add(Role.of(role.asString(""))
                    .orElseThrow(() -> wrong("roles", "submit, read, review, operate, administer")));
        }
        if (!request.path("name").isString()) {
            throw wrong("name", "a text");
        }
        try {
            return made(keys.create(request.path("name").stringValue(), roles, days(request)));
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST, "No such key can be made.", "another", e.getMessage());
        }
    }

    @PostMapping("/{id}/rotation")
    ResponseEntity<byte[]> rotate(@PathVariable("id") String id, HttpServletRequest http)
            throws IOException, InputException {
        Duration overlap = OVERLAP;
        Duration keep = null;
        if (http.getContentLengthLong() != 0 && http.getContentType() != null) {
            JsonNode request = object(http, Set.of("overlapHours", "days"));
            if (!request.path("overlapHours").isMissingNode()) {
                overlap = Duration.ofHours(number(request, "overlapHours", 0, 24 * 90));
            }
            keep = days(request);
        }
        return made(keys.rotate(id, overlap, keep).orElseThrow(KeyController::absent));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<byte[]> revoke(@PathVariable("id") String id) {
        if (!keys.revoke(id)) {
            throw absent();
        }
        return ResponseEntity.noContent().build();
    }

    private ResponseEntity<byte[]> made(ApiKey.Made made) {
        Map<String, Object> document = document(made.key());
        document.put("token", made.token());
        return ResponseEntity.status(201)
                .header(HttpHeaders.LOCATION, PATH + made.key().id())
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(document));
    }

    private static Map<String, Object> document(ApiKey key) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("id", key.id());
        document.put("tenant", key.tenant());
        document.put("name", key.name());
        document.put("roles", key.roles().stream().sorted().map(Role::word).toList());
        document.put("createdAt", key.createdAt().toString());
        put(document, "expiresAt", key.expiresAt());
        put(document, "revokedAt", key.revokedAt());
        put(document, "lastUsedAt", key.lastUsedAt());
        put(document, "replaces", key.replaces());
        return document;
    }

    private static void put(Map<String, Object> document, String name, @Nullable Object value) {
        if (value != null) {
            document.put(name, value.toString());
        }
    }

    private ResponseEntity<byte[]> answer(int status, Object body) {
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(body));
    }

    private static @Nullable Duration days(JsonNode request) throws InputException {
        return request.path("days").isMissingNode() || request.path("days").isNull()
                ? null
                : Duration.ofDays(number(request, "days", 1, LONGEST_DAYS));
    }

    private static int number(JsonNode request, String member, int least, int most) throws InputException {
        JsonNode node = request.path(member);
        if (!node.isInt() || node.intValue() < least || node.intValue() > most) {
            throw wrong(member, "a whole number from %d to %d".formatted(least, most));
        }
        return node.intValue();
    }

    private static JsonNode object(HttpServletRequest http, Set<String> members) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        if (!request.isObject() || !members.containsAll(request.propertyNames())) {
            throw wrong(
                    "request", "a JSON object with " + members.stream().sorted().toList());
        }
        return request;
    }

    private static InputException wrong(String member, String expected) {
        return new InputException(
                InputProblem.INVALID_REQUEST,
                "The member '" + member + "' of the request is not as it should be.",
                "another value",
                expected);
    }

    private static ProblemException absent() {
        return new ProblemException(
                ServiceProblem.KEY_NOT_FOUND, "There is no key of this id, or it is not valid any more.");
    }
}
