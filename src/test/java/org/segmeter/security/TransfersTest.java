package org.segmeter.security;

import static org.assertj.core.api.Assertions.assertThat;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.StrictErrorHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.r4.model.AuditEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.Tenant;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import tools.jackson.databind.json.JsonMapper;

/** What comes from and goes to other nodes without a request over HTTP stands in the trail, as FHIR for a strict reader. */
class TransfersTest {

    @TempDir
    private Path directory;

    private static Transfers transfers(Map<String, Object> beans) {
        return new Transfers(
                new StaticListableBeanFactory(beans).getBeanProvider(AuditTrail.class), JsonMapper.shared());
    }

    @Test
    void areWrittenDownWithBothNodesAndTheInstance() throws Exception {
        try (AuditTrail trail = new AuditTrail(directory, 1_000_000);
                Tenant.Binding ignored = Tenant.bind(Tenant.DEFAULT)) {
            Transfers transfers = transfers(Map.of("trail", trail));
            transfers.sent("main-pacs", "STOW-RS", "1.2.3");
            transfers.received("MODALITY\n", "192.0.2.7", "C-STORE", "1.2.4", 0xA900);
        }
        assertThat(AuditTrail.verify(directory)).isEmpty();
        List<String> lines = Files.readAllLines(directory.resolve("audit-00000001.jsonl"));
        IParser strict = FhirContext.forR4Cached().newJsonParser().setParserErrorHandler(new StrictErrorHandler());
        AuditEvent sent = strict.parseResource(AuditEvent.class, lines.get(0));
        assertThat(sent.getType().getCode()).isEqualTo("110104");
        assertThat(sent.getOutcome()).isEqualTo(AuditEvent.AuditEventOutcome._0);
        assertThat(sent.getAgent())
                .extracting(agent -> agent.getWho().getIdentifier().getValue())
                .containsExactly("segmeter", "main-pacs");
        assertThat(sent.getEntityFirstRep().getWhat().getIdentifier().getValue())
                .isEqualTo("urn:oid:1.2.3");
        AuditEvent received = strict.parseResource(AuditEvent.class, lines.get(1));
        assertThat(received.getOutcomeDesc()).isEqualTo("C-STORE A900");
        assertThat(received.getOutcome()).isEqualTo(AuditEvent.AuditEventOutcome._4);
        assertThat(received.getAgentFirstRep().getWho().getIdentifier().getValue())
                .as("on one line")
                .isEqualTo("MODALITY?");
        assertThat(received.getAgentFirstRep().getNetwork().getAddress()).isEqualTo("192.0.2.7");
        assertThat(received.getEntity().get(1).getWhat().getIdentifier().getValue())
                .isEqualTo("default");
    }

    @Test
    void areNotWrittenDownWhereNothingIs() {
        transfers(Map.of()).sent("main-pacs", "STOW-RS", "1.2.3");
        assertThat(directory).isEmptyDirectory();
    }
}
