package org.segmeter.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.http.HttpHeaders;
import org.springframework.security.web.util.OnCommittedResponseWrapper;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes down who asked for what and how it ended, as an AuditEvent of FHIR R4 after IHE's Basic Audit Log Patterns, before the first byte
 * of the answer leaves: an answer without its event there is not. Of a request's address the path is written down, never what was
 * searched for.
 */
final class Audit extends OncePerRequestFilter {

    private static final String PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
    private static final int LONGEST = 256;

    private final AuditTrail trail;
    private final JsonMapper json;

    Audit(AuditTrail trail, JsonMapper json) {
        this.trail = trail;
        this.json = json;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        AtomicBoolean written = new AtomicBoolean();
        OnCommittedResponseWrapper watched = new OnCommittedResponseWrapper(response) {
            @Override
            protected void onResponseCommitted() {
                if (written.compareAndSet(false, true)) {
                    trail.append(event(request, getStatus(), getHeader(HttpHeaders.LOCATION)));
                }
            }
        };
        try {
            chain.doFilter(request, watched);
        } finally {
            // An answer of another thread writes its event with its first byte.
            if (!request.isAsyncStarted() && written.compareAndSet(false, true)) {
                trail.append(event(request, response.getStatus(), response.getHeader(HttpHeaders.LOCATION)));
            }
        }
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        String path = request.getRequestURI();
        // Pages, their files and probes tell nothing of anybody.
        return !path.startsWith("/api/") && !path.startsWith("/dicom-web/") && !path.startsWith("/actuator/prometheus");
    }

    /** @param made address of what the request made; null if it made nothing that has one */
    private String event(HttpServletRequest request, int status, @Nullable String made) {
        String method = request.getMethod();
        boolean one = request.getRequestURI().matches(".*/[0-9a-f-]{36}(/.*)?|.*/(studies|series|instances)/[0-9.]+.*");
        String interaction = switch (method) {
            case "GET", "HEAD" -> one ? "read" : "search";
            case "POST" -> "create";
            case "PUT", "PATCH" -> "update";
            case "DELETE" -> "delete";
            default -> "operation";
        };
        String action = switch (interaction) {
            case "read" -> "R";
            case "search", "operation" -> "E";
            case "create" -> "C";
            case "update" -> "U";
            default -> "D";
        };
        Caller caller = Caller.of(request);
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("resourceType", "AuditEvent");
        event.put(
                "meta",
                Map.of(
                        "profile",
                        List.of(PROFILE
                                + switch (action) {
                                    case "R" -> "Read";
                                    case "C" -> "Create";
                                    case "U" -> "Update";
                                    case "D" -> "Delete";
                                    default -> "Query";
                                })));
        event.put("type", coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"));
        event.put("subtype", List.of(coding("http://hl7.org/fhir/restful-interaction", interaction)));
        event.put("action", action);
        event.put("recorded", Instant.now().toString());
        event.put("outcome", status < 400 ? "0" : status < 500 ? "4" : "8");
        event.put("outcomeDesc", String.valueOf(status));
        Map<String, Object> agent = new LinkedHashMap<>();
        agent.put("who", identifier(caller == null ? "nobody" : clean(caller.id())));
        agent.put("requestor", true);
        agent.put("network", Map.of("address", request.getRemoteAddr(), "type", "2"));
        event.put("agent", List.of(agent));
        event.put("source", Map.of("observer", Map.of("display", "segmeter")));
        Map<String, Object> what = new LinkedHashMap<>();
        what.put("what", identifier(method + " " + clean(request.getRequestURI())));
        Map<String, Object> tenant = new LinkedHashMap<>();
        tenant.put("what", identifier(caller == null ? Tenant.DEFAULT : caller.tenant()));
        tenant.put("description", "tenant");
        String id = request.getHeader("X-Request-Id");
        List<Map<String, Object>> entities = new ArrayList<>(List.of(what, tenant));
        if (id != null) {
            entities.add(entity(id, "X-Request-Id"));
        }
        if (made != null) {
            entities.add(entity(made, "Location"));
        }
        event.put("entity", entities);
        String text = json.writeValueAsString(event);
        return text.substring(0, text.length() - 1);
    }

    private static Map<String, Object> entity(String value, String description) {
        Map<String, Object> entity = new LinkedHashMap<>();
        entity.put("what", identifier(clean(value)));
        entity.put("description", description);
        return entity;
    }

    private static Map<String, Object> coding(String system, String code) {
        return Map.of("system", system, "code", code);
    }

    private static Map<String, Object> identifier(String value) {
        return Map.of("identifier", Map.of("value", value));
    }

    /** A line is one event, and not a long one. */
    private static String clean(@Nullable String text) {
        String known = String.valueOf(text);
        StringBuilder clean = new StringBuilder();
        known.substring(0, Math.min(known.length(), LONGEST))
                .chars()
                .forEach(c -> clean.append(c < 0x20 || c > 0x7e ? '?' : (char) c));
        return clean.toString();
    }
}
