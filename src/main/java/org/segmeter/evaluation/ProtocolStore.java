package org.segmeter.evaluation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.segmeter.scoring.Protocol;
import org.segmeter.scoring.Protocols;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The protocols of this installation: the built-in ones, and those that were added. None ever changes. */
@Component
public final class ProtocolStore {

    private static final int MOST = 1000;

    private final JdbcClient sql;

    ProtocolStore(JdbcClient sql) {
        this.sql = sql;
    }

    /** All of them, the built-in ones first. */
    public Protocols all() {
        return Protocols.builtIn()
                .with(parse(sql.sql("select document from protocol order by created_at, id")
                        .query(String.class)
                        .list()));
    }

    /** The built-in ones and those of these ids that were added. */
    Protocols including(Collection<String> ids) {
        List<String> missing = new ArrayList<>(ids);
        missing.removeIf(id -> Protocols.builtIn().find(id) != null);
        if (missing.isEmpty()) {
            return Protocols.builtIn();
        }
        return Protocols.builtIn()
                .with(parse(sql.sql("select document from protocol where id = any(:ids)")
                        .param("ids", missing.toArray(String[]::new))
                        .query(String.class)
                        .list()));
    }

    /**
     * Checks that all these exist.
     *
     * @throws InputException INVALID_REQUEST naming the first that does not
     */
    public void require(Collection<String> ids) throws InputException {
        Protocols known = including(ids);
        for (String id : ids) {
            if (known.find(id) == null) {
                all().require(id); // to name all that there are
            }
        }
    }

    /** How {@link #add} ended. */
    public enum Addition {
        ADDED,
        /** The same document was there. */
        PRESENT,
        /** Its id and version belong to another document. */
        TAKEN
    }

    /** Adds a protocol. */
    public Addition add(Protocol protocol) throws InputException {
        Protocol builtIn = Protocols.builtIn().find(protocol.id());
        if (builtIn != null) {
            return builtIn.sha256().equals(protocol.sha256()) ? Addition.PRESENT : Addition.TAKEN;
        }
        long there = sql.sql("select count(*) from protocol").query(Long.class).single();
        if (there >= MOST) {
            throw new InputException(
                    InputProblem.INVALID_REQUEST,
                    "The installation has as many protocols as it can take.",
                    there + " protocols",
                    "at most " + MOST);
        }
        int added = sql.sql("""
                insert into protocol (id, sha256, document) values (:id, :sha256, :document)
                on conflict do nothing""")
                .param("id", protocol.id())
                .param("sha256", protocol.sha256())
                .param("document", protocol.document())
                .update();
        if (added == 1) {
            return Addition.ADDED;
        }
        String sha256 = sql.sql("select sha256 from protocol where id = :id")
                .param("id", protocol.id())
                .query(String.class)
                .single();
        return sha256.equals(protocol.sha256()) ? Addition.PRESENT : Addition.TAKEN;
    }

    private static List<Protocol> parse(List<String> documents) {
        List<Protocol> protocols = new ArrayList<>();
        for (String document : documents) {
            try {
                protocols.add(Protocol.parse(document));
            } catch (InputException e) {
                throw new IllegalStateException("a stored protocol cannot be read by this version", e);
            }
        }
        return protocols;
    }
}
