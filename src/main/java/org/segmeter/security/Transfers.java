package org.segmeter.security;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.database.Tenant;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes into the audit trail, where there is one, what comes from another node or goes to one without a request over HTTP: DICOM
 * Instances Transferred (110104, DCM; PS3.15 section A.5.3.7).
 */
@Component
public final class Transfers {

    private static final String DCM = "http://dicom.nema.org/resources/ontology/DCM";
    private static final String HERE = "segmeter";

    private final ObjectProvider<AuditTrail> trail;
    private final JsonMapper json;

    Transfers(ObjectProvider<AuditTrail> trail, JsonMapper json) {
        this.trail = trail;
        this.json = json;
    }

    /**
     * A node took an instance.
     *
     * @param node its name in the configuration
     * @param how in a word, for example {@code C-STORE}
     * @throws java.io.UncheckedIOException if it cannot be written down
     */
    public void sent(String node, String how, String sopInstanceUid) {
        write(
                "R",
                Audit.agent(Audit.SOURCE, HERE, null),
                Audit.agent(Audit.DESTINATION, node, null),
                how,
                sopInstanceUid,
                0);
    }

    /**
     * A node sent an instance; written down before it is told what became of it.
     *
     * @param node how it calls itself
     * @param address from which it came
     * @param status 0 if it was taken, or else why not (PS3.7 annex C)
     * @throws java.io.UncheckedIOException if it cannot be written down: then nothing must be answered
     */
    public void received(String node, String address, String how, String sopInstanceUid, int status) {
        write(
                "C",
                Audit.agent(Audit.SOURCE, node, address),
                Audit.agent(Audit.DESTINATION, HERE, null),
                how,
                sopInstanceUid,
                status);
    }

    private void write(
            String action,
            Map<String, Object> source,
            Map<String, Object> destination,
            String how,
            String sopInstanceUid,
            int status) {
        AuditTrail written = trail.getIfAvailable();
        if (written == null) {
            return;
        }
        // Who begins it: the node that sends.
        source.put("requestor", true);
        destination.put("requestor", false);
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("resourceType", "AuditEvent");
        event.put("type", Audit.coding(DCM, "110104"));
        event.put("action", action);
        event.put("recorded", Instant.now().toString());
        event.put("outcome", status == 0 ? "0" : "4");
        event.put("outcomeDesc", status == 0 ? how : "%s %04X".formatted(how, status));
        event.put("agent", List.of(source, destination));
        event.put("source", Map.of("observer", Map.of("display", HERE)));
        Map<String, Object> instance = Audit.entity("urn:oid:" + sopInstanceUid, "SOP Instance UID");
        instance.put("type", Audit.coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2"));
        instance.put("role", Audit.coding(Audit.OBJECT_ROLE, "3"));
        event.put("entity", List.of(instance, Audit.entity(Tenant.current(), "tenant")));
        String text = json.writeValueAsString(event);
        written.append(text.substring(0, text.length() - 1));
    }
}
