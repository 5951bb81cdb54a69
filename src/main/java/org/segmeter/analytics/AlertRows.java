package org.segmeter.analytics;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.analytics.statistics.NelsonRule;
import org.segmeter.scoring.JsonDocument;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** All SQL about alerts. */
@Component
final class AlertRows {

    private static final String COLUMNS = "id, created_at, model, version, structure, metric, parameters, rule,"
            + " evaluation_id, case_id, at, value, centre, sigma, state, acknowledged_by, reason, acknowledged_at";

    private final JdbcClient sql;

    AlertRows(JdbcClient sql) {
        this.sql = sql;
    }

    /** False if it is known already. */
    boolean insert(
            String metric,
            Charts.Series series,
            String model,
            Charts.Baseline baseline,
            Charts.Violation violation,
            @Nullable String caseId) {
        return sql.sql("""
            insert into alert (id, model, version, structure, metric, parameters, rule, evaluation_id, case_id, at, value,
                centre, sigma)
            values (:id, :model, :version, :structure, :metric, :parameters, :rule, :evaluation, :case, :at, :value,
                :centre, :sigma)
            on conflict do nothing\
            """)
                        .param("id", UUID.randomUUID())
                        .param("model", model)
                        .param("version", series.version())
                        .param("structure", series.structure())
                        .param("metric", metric)
                        .param("parameters", series.parameters().toString())
                        .param("rule", violation.rule())
                        .param("evaluation", violation.evaluation())
                        .param("case", caseId)
                        .param("at", Timestamp.from(violation.at()))
                        .param("value", violation.value())
                        .param("centre", baseline.centre())
                        .param("sigma", baseline.sigma())
                        .update()
                == 1;
    }

    List<Alert> list(Map<String, String> equal, Alerts.@Nullable Position after, int limit) {
        StringBuilder where = new StringBuilder("true");
        Map<String, Object> parameters = new LinkedHashMap<>();
        equal.forEach((column, value) -> {
            where.append(" and ").append(column).append(" = :").append(column);
            parameters.put(column, value);
        });
        if (after != null) {
            where.append(" and (at, id) < (:afterTime, :afterId)");
            parameters.put("afterTime", Timestamp.from(after.at()));
            parameters.put("afterId", after.id());
        }
        parameters.put("limit", limit);
        return sql.sql("select " + COLUMNS + " from alert where " + where + " order by at desc, id desc limit :limit")
                .params(parameters)
                .query((row, number) -> alert(row))
                .list();
    }

    Optional<Alert> find(UUID id) {
        return sql.sql("select " + COLUMNS + " from alert where id = :id")
                .param("id", id)
                .query((row, number) -> alert(row))
                .optional();
    }

    /** False if it is not open any more. */
    boolean acknowledge(UUID id, String by, String reason) {
        return sql.sql("""
            update alert set state = 'ACKNOWLEDGED', acknowledged_by = :by, reason = :reason, acknowledged_at = now()
            where id = :id and state = 'OPEN'\
            """)
                        .param("id", id)
                        .param("by", by)
                        .param("reason", reason)
                        .update()
                == 1;
    }

    /** How many alerts of a metric are open. */
    record Open(String model, String metric, long alerts) {}

    List<Open> open() {
        return sql.sql("select model, metric, count(*) from alert where state = 'OPEN' group by 1, 2 order by 3 desc,"
                        + " 1, 2")
                .query((row, number) -> new Open(row.getString(1), row.getString(2), row.getLong(3)))
                .list();
    }

    /** Up to when scorecards have been looked at, by the database's clock. */
    Instant seen() {
        return sql.sql("select seen_at from alert_watch")
                .query((row, number) -> row.getTimestamp(1).toInstant())
                .single();
    }

    Instant now() {
        return sql.sql("select now()")
                .query((row, number) -> row.getTimestamp(1).toInstant())
                .single();
    }

    void seen(Instant until) {
        sql.sql("update alert_watch set seen_at = greatest(seen_at, :until)")
                .param("until", Timestamp.from(until))
                .update();
    }

    private static Alert alert(ResultSet row) throws SQLException {
        Timestamp acknowledged = row.getTimestamp(18);
        return new Alert(
                row.getObject(1, UUID.class),
                row.getTimestamp(2).toInstant(),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                JsonDocument.read(row.getString(7)),
                row.getInt(8),
                NelsonRule.of(row.getInt(8)).description(),
                row.getObject(9, UUID.class),
                row.getString(10),
                row.getTimestamp(11).toInstant(),
                row.getDouble(12),
                row.getDouble(13),
                row.getDouble(14),
                row.getString(15),
                row.getString(16),
                row.getString(17),
                acknowledged == null ? null : acknowledged.toInstant());
    }
}
