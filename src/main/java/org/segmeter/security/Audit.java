package org.segmeter.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.http.HttpHeaders;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.security.web.util.OnCommittedResponseWrapper;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes down who asked for what and how it ended, as an AuditEvent of FHIR R4 after IHE's Basic Audit Log Patterns, before the first byte
 * of the answer leaves: an answer without its event there is not. Of a request's address the path is written down, never what was
 * searched for, also in {@code query} of the profile for searches.
 */
final class Audit extends OncePerRequestFilter {

    private static final String PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
    static final String OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role";
    static final String SOURCE = "110153";
    static final String DESTINATION = "110152";
    private static final List<String> AUDITED = List.of("/api/", "/dicom-web/", "/fhir/", "/actuator/prometheus");
    private static final int LONGEST = 256;

    /** Of a request: the note that goes when its event is written. */
    private static final String NOTE = Audit.class.getName() + ".note";

    private final AuditTrail trail;
    private final AuditNotes notes;
    private final JsonMapper json;

    Audit(AuditTrail trail, AuditNotes notes, JsonMapper json) {
        this.trail = trail;
        this.notes = notes;
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
                    record(request, getStatus(), getHeader(HttpHeaders.LOCATION));
                }
            }
        };
        boolean answered = false;
        try {
            chain.doFilter(request, watched);
            answered = true;
        } catch (RequestRejectedException e) {
            // Of a header that only somebody behind looked at; refused() is next.
            written.set(true);
            throw e;
        } finally {
            // An answer of another thread writes its event with its first byte, and an error page is no part of this
            // chain.
            if (!(answered && request.isAsyncStarted()) && written.compareAndSet(false, true)) {
                record(request, answered ? response.getStatus() : 500, response.getHeader(HttpHeaders.LOCATION));
            }
        }
    }

    private void record(HttpServletRequest request, int status, @Nullable String made) {
        trail.append(event(request, status, made));
        if (request.getAttribute(NOTE) instanceof Path note) {
            AuditNotes.done(note);
        }
    }

    /** Notes what is asked for, until how it ended is in the trail. */
    void note(HttpServletRequest request) {
        request.setAttribute(NOTE, notes.write(event(request, null, null) + "}"));
    }

    /** What the HTTP firewall refuses comes to no filter, whatever its address. */
    void refused(HttpServletRequest request) {
        record(request, HttpServletResponse.SC_BAD_REQUEST, null);
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return !isAudited(request);
    }

    static boolean isAudited(HttpServletRequest request) {
        String path = request.getRequestURI();
        // Pages, their files and probes tell nothing of anybody.
        return AUDITED.stream().anyMatch(path::startsWith);
    }

    /**
     * @param status null while it is not known
     * @param made address of what the request made; null if it made nothing that has one
     */
    private String event(HttpServletRequest request, @Nullable Integer status, @Nullable String made) {
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
        if (status != null && status < 400) {
            // The profiles are of what succeeded; failures are events without.
            event.put("meta", Map.of("profile", List.of(PROFILE + profile(action))));
        }
        event.put("type", coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"));
        event.put("subtype", List.of(coding("http://hl7.org/fhir/restful-interaction", interaction)));
        event.put("action", action);
        event.put("recorded", Instant.now().toString());
        if (status != null) {
            event.put("outcome", status < 400 ? "0" : status < 500 ? "4" : "8");
            event.put("outcomeDesc", String.valueOf(status));
        }
        // Who reads is where the data go to, and who writes or searches where they come from.
        boolean reads = action.equals("R");
        Map<String, Object> client =
                agent(reads ? DESTINATION : SOURCE, caller == null ? "nobody" : caller.id(), request.getRemoteAddr());
        client.put("requestor", true);
        Map<String, Object> server = agent(reads ? SOURCE : DESTINATION, "segmeter", request.getLocalAddr());
        server.put("requestor", false);
        event.put("agent", List.of(client, server));
        event.put("source", Map.of("observer", Map.of("display", "segmeter")));
        Map<String, Object> what = new LinkedHashMap<>();
        String asked = method + " " + clean(request.getRequestURI());
        what.put("type", coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2"));
        if (action.equals("E")) {
            what.put("role", coding(OBJECT_ROLE, "24"));
            what.put("description", asked);
            what.put("query", Base64.getEncoder().encodeToString(asked.getBytes(StandardCharsets.US_ASCII)));
        } else {
            what.put("what", identifier(asked));
            what.put("role", coding(OBJECT_ROLE, "4"));
        }
        Map<String, Object> tenant = new LinkedHashMap<>();
        tenant.put("what", identifier(caller == null ? Tenant.DEFAULT : caller.tenant()));
        tenant.put("description", "tenant");
        String id = request.getHeader("X-Request-Id");
        List<Map<String, Object>> entities = new ArrayList<>(List.of(what, tenant));
        if (id != null) {
            Map<String, Object> transaction = entity(id, "X-Request-Id");
            transaction.put(
                    "type", coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId"));
            entities.add(transaction);
        }
        if (made != null) {
            entities.add(entity(made, "Location"));
        }
        event.put("entity", entities);
        String text = json.writeValueAsString(event);
        return text.substring(0, text.length() - 1);
    }

    private static String profile(String action) {
        return switch (action) {
            case "R" -> "Read";
            case "C" -> "Create";
            case "U" -> "Update";
            case "D" -> "Delete";
            default -> "Query";
        };
    }

    /** @param role code of DICOM PS3.16, Annex D */
    static Map<String, Object> agent(String role, String who, @Nullable String address) {
        Map<String, Object> agent = new LinkedHashMap<>();
        agent.put("type", Map.of("coding", List.of(coding("http://dicom.nema.org/resources/ontology/DCM", role))));
        agent.put("who", identifier(clean(who)));
        if (address != null) {
            agent.put("network", Map.of("address", address, "type", "2"));
        }
        return agent;
    }

    static Map<String, Object> entity(String value, String description) {
        Map<String, Object> entity = new LinkedHashMap<>();
        entity.put("what", identifier(clean(value)));
        entity.put("description", description);
        return entity;
    }

    static Map<String, Object> coding(String system, String code) {
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
