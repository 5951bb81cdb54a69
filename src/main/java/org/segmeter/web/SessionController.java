package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.security.Caller;
import org.segmeter.security.Role;
import org.segmeter.security.Sessions;
import org.segmeter.volume.InputException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A browser's session: begun with a key, ended by the person. */
@RestController
@RequestMapping("/api/v1/session")
final class SessionController {

    private final Sessions sessions;
    private final JsonMapper json;

    SessionController(Sessions sessions, JsonMapper json) {
        this.sessions = sessions;
        this.json = json;
    }

    /** Who sends this, and what they may do. */
    @GetMapping
    ResponseEntity<byte[]> get(HttpServletRequest http) {
        Caller caller = Caller.of(http);
        Map<String, Object> body = new LinkedHashMap<>();
        if (caller == null) {
            throw new ProblemException(ServiceProblem.UNAUTHENTICATED, "The request does not say who sends it.")
                    .header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"segmeter\"");
        }
        body.put("id", caller.id());
        body.put("by", caller.kind().name().toLowerCase(Locale.ROOT));
        body.put("tenant", caller.tenant());
        body.put("roles", caller.roles().stream().sorted().map(Role::word).toList());
        return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(json.writeValueAsBytes(body));
    }

    /** A cookie for a key. JSON, which no form of another site can send. */
    @PostMapping
    ResponseEntity<byte[]> begin(HttpServletRequest http) throws IOException, InputException {
        JsonNode request = JsonBody.read(http);
        ResponseCookie cookie = sessions.begin(http, request.path("key").asString(""))
                .orElseThrow(() -> new ProblemException(
                                ServiceProblem.UNAUTHENTICATED, "The key is not known, or not valid any more.")
                        .header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"segmeter\", error=\"invalid_token\""));
        return ResponseEntity.noContent()
                .header(HttpHeaders.SET_COOKIE, cookie.toString())
                .build();
    }

    @DeleteMapping
    ResponseEntity<byte[]> end(HttpServletRequest http) {
        return ResponseEntity.noContent()
                .header(HttpHeaders.SET_COOKIE, sessions.end(http).toString())
                .header("Clear-Site-Data", "\"cache\", \"cookies\", \"storage\"")
                .build();
    }
}
