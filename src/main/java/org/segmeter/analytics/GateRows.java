package org.segmeter.analytics;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** All SQL about gates. */
@Component
final class GateRows {

    private final JdbcClient sql;

    GateRows(JdbcClient sql) {
        this.sql = sql;
    }

    private static final String GATE = "select id, version, document, created_at, updated_at from gate";

    List<Gate> list() {
        return sql.sql(GATE + " order by id limit 1000")
                .query((row, number) -> gate(row))
                .list();
    }

    Optional<Gate> find(String id) {
        return sql.sql(GATE + " where id = :id")
                .param("id", id)
                .query((row, number) -> gate(row))
                .optional();
    }

    /** True if it was not there; the same document again changes nothing. */
    boolean put(String id, String document) {
        return sql.sql("""
            insert into gate as g (id, document) values (:id, :document)
            on conflict (tenant, id) do update set document = excluded.document,
                version = g.version + case when g.document = excluded.document then 0 else 1 end,
                updated_at = case when g.document = excluded.document then g.updated_at else now() end
            returning xmax = 0\
            """)
                .param("id", id)
                .param("document", document)
                .query(Boolean.class)
                .single();
    }

    boolean remove(String id) {
        return sql.sql("delete from gate where id = :id").param("id", id).update() == 1;
    }

    UUID insert(Gate gate, String document, String subject) {
        UUID id = UUID.randomUUID();
        sql.sql("""
            insert into gate_run (id, gate_id, gate_version, document, subject)
            values (:id, :gate, :version, :document, :subject)\
            """)
                .param("id", id)
                .param("gate", gate.id())
                .param("version", gate.version())
                .param("document", document)
                .param("subject", subject)
                .update();
        return id;
    }

    /** A run as it is stored. */
    record Stored(
            UUID id,
            String gate,
            int gateVersion,
            String document,
            String subject,
            Instant createdAt,
            @Nullable Instant finishedAt,
            @Nullable String verdict,
            @Nullable String checks) {}

    private static final String RUN =
            "select id, gate_id, gate_version, document, subject, created_at, finished_at, verdict, checks from"
                    + " gate_run";

    Optional<Stored> run(String gate, UUID id) {
        return sql.sql(RUN + " where gate_id = :gate and id = :id")
                .param("gate", gate)
                .param("id", id)
                .query((row, number) -> stored(row))
                .optional();
    }

    List<Stored> runs(String gate, int limit) {
        return sql.sql(RUN + " where gate_id = :gate order by created_at desc, id desc limit :limit")
                .param("gate", gate)
                .param("limit", limit)
                .query((row, number) -> stored(row))
                .list();
    }

    /** Only the first verdict counts. */
    void finish(UUID id, String verdict, String checks) {
        sql.sql("""
            update gate_run set verdict = :verdict, checks = :checks, finished_at = now()
            where id = :id and verdict is null\
            """)
                .param("id", id)
                .param("verdict", verdict)
                .param("checks", checks)
                .update();
    }

    /** Whether items of a batch still come or are scored; empty if there is no such batch. */
    Optional<Boolean> batchIsRunning(UUID batch) {
        return sql.sql("select state in ('OPEN', 'RUNNING') from batch where id = :id")
                .param("id", batch)
                .query(Boolean.class)
                .optional();
    }

    /** How many of these evaluations exist. */
    int known(Collection<UUID> evaluations) {
        return sql.sql("select count(*) from evaluation where id = any(:ids)")
                .param("ids", evaluations.toArray(UUID[]::new))
                .query(Integer.class)
                .single();
    }

    private static Gate gate(ResultSet row) throws SQLException {
        Gate.Document document = Gate.Document.read(row.getString(3));
        return new Gate(
                row.getString(1),
                row.getInt(2),
                document.title(),
                document.rules(),
                document.baseline(),
                document.penaltyMm(),
                row.getTimestamp(4).toInstant(),
                row.getTimestamp(5).toInstant());
    }

    private static Stored stored(ResultSet row) throws SQLException {
        Timestamp finished = row.getTimestamp(7);
        return new Stored(
                row.getObject(1, UUID.class),
                row.getString(2),
                row.getInt(3),
                row.getString(4),
                row.getString(5),
                row.getTimestamp(6).toInstant(),
                finished == null ? null : finished.toInstant(),
                row.getString(8),
                row.getString(9));
    }
}
