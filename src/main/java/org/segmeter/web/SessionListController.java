package org.segmeter.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.segmeter.evaluation.ServiceProblem;
import org.segmeter.security.Caller;
import org.segmeter.security.Sessions;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Browsers that are logged in with the caller's key, or with any of the tenant for who administers it: to be seen and ended. */
@RestController
@RequestMapping("/api/v1/sessions")
final class SessionListController {

    private final Sessions sessions;
    private final JsonMapper json;

    SessionListController(Sessions sessions, JsonMapper json) {
        this.sessions = sessions;
        this.json = json;
    }

    @GetMapping
    ResponseEntity<byte[]> list(HttpServletRequest http) {
        List<Map<String, Object>> list = sessions.list(http, caller(http)).stream()
                .map(SessionListController::document)
                .toList();
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(json.writeValueAsBytes(Map.of("sessions", list)));
    }

    private static Map<String, Object> document(Sessions.Open session) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("id", session.id().toString());
        document.put("key", session.key());
        document.put("browser", session.browser());
        document.put("createdAt", session.createdAt().toString());
        document.put("lastUsedAt", session.lastUsedAt().toString());
        document.put("expiresAt", session.expiresAt().toString());
        document.put("current", session.current());
        return document;
    }

    /** All but the one that asks. */
    @DeleteMapping
    ResponseEntity<byte[]> endOthers(HttpServletRequest http) {
        sessions.endOthers(http, caller(http));
        return ResponseEntity.noContent().build();
    }

    @DeleteMapping("/{id}")
    ResponseEntity<byte[]> end(@PathVariable("id") String id, HttpServletRequest http) {
        Caller caller = caller(http);
        UUID session;
        try {
            session = UUID.fromString(id);
        } catch (IllegalArgumentException e) {
            throw absent();
        }
        if (!sessions.end(session, caller)) {
            throw absent();
        }
        return ResponseEntity.noContent().build();
    }

    private static Caller caller(HttpServletRequest http) {
        Caller caller = Caller.of(http);
        if (caller == null) {
            throw new ProblemException(ServiceProblem.UNAUTHENTICATED, "The request does not say who sends it.")
                    .header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"segmeter\"");
        }
        return caller;
    }

    private static ProblemException absent() {
        return new ProblemException(
                ServiceProblem.SESSION_NOT_FOUND, "There is no open session of this id that you may end.");
    }
}
