package org.segmeter.pacs;

import java.util.Optional;
import org.segmeter.evaluation.ProtocolStore;
import org.segmeter.volume.InputException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The pairing rules of this installation. */
@Component
public final class PairingRuleStore {

    private final JdbcClient sql;
    private final JsonMapper json;
    private final ProtocolStore protocols;

    PairingRuleStore(JdbcClient sql, JsonMapper json, ProtocolStore protocols) {
        this.sql = sql;
        this.json = json;
        this.protocols = protocols;
    }

    /** The rules that apply. */
    public PairingRules current() {
        Optional<String> stored = sql.sql("select document from pairing_rules order by version desc limit 1")
                .query(String.class)
                .optional();
        try {
            return PairingRules.parse(json.readTree(stored.orElse(PairingRules.DEFAULT)));
        } catch (InputException e) {
            throw new IllegalStateException("stored pairing rules cannot be read by this version", e);
        }
    }

    /** @throws InputException INVALID_REQUEST naming what is wrong */
    public PairingRules check(JsonNode document) throws InputException {
        PairingRules rules = PairingRules.parse(document);
        protocols.require(rules.protocols());
        return rules;
    }

    /** Rules for what arrives from now on. */
    public void replace(PairingRules rules) {
        sql.sql("insert into pairing_rules (document) values (:document)")
                .param("document", rules.document())
                .update();
    }
}
