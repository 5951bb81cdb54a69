package org.segmeter.pacs;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** All SQL about deliveries. */
@Component
final class DeliveryRows {

    private static final String COLUMNS =
            "id, tenant, kind, destination, pair_id, sop_instance_uid, body, state, attempts, next_attempt_at,"
                    + " last_error";

    private final JdbcClient sql;

    DeliveryRows(JdbcClient sql) {
        this.sql = sql;
    }

    void insert(
            Delivery.Kind kind, String destination, UUID pair, @Nullable String sopInstanceUid, @Nullable String body) {
        sql.sql("""
            insert into delivery (id, kind, destination, pair_id, sop_instance_uid, body)
            values (:id, :kind, :destination, :pair, :sop, :body)\
            """)
                .param("id", UUID.randomUUID())
                .param("kind", kind.name())
                .param("destination", destination)
                .param("pair", pair)
                .param("sop", sopInstanceUid)
                .param("body", body)
                .update();
    }

    /**
     * Takes what is due, for a time in which nobody else tries it; the attempt is counted before it is made.
     *
     * @param busy destinations of which nothing is taken
     */
    List<Delivery> take(Duration lease, int most, Collection<String> busy) {
        return sql.sql("""
            update delivery set attempts = attempts + 1, leased_until = now() + make_interval(secs => :lease)
            where id in (select id from delivery where state = 'PENDING' and next_attempt_at <= now()
                    and (leased_until is null or leased_until < now()) and destination <> all(:busy)
                order by next_attempt_at limit :most for update skip locked)
            returning\
            """ + " " + COLUMNS)
                .param("lease", lease.toMillis() / 1000.0)
                .param("most", most)
                .param("busy", busy.toArray(String[]::new))
                .query((row, number) -> delivery(row))
                .list();
    }

    /** Ends a delivery, unless a later attempt has it. */
    void end(Delivery delivery, Delivery.State state, @Nullable String error) {
        sql.sql("""
            update delivery set state = :state, last_error = :error, ended_at = now(), leased_until = null
            where id = :id and attempts = :attempts\
            """)
                .param("state", state.name())
                .param("error", error)
                .param("id", delivery.id())
                .param("attempts", delivery.attempts())
                .update();
    }

    /** Has it tried again after a pause, or gives it up if it is older than allowed; true if it was given up. */
    boolean again(Delivery delivery, Duration pause, Duration longest, String error) {
        boolean tooOld = sql.sql("""
            update delivery set last_error = :error, leased_until = null,
                next_attempt_at = now() + make_interval(secs => :pause)
            where id = :id and attempts = :attempts
            returning created_at < now() - make_interval(secs => :longest)\
            """)
                .param("error", error)
                .param("pause", pause.toMillis() / 1000.0)
                .param("longest", longest.toMillis() / 1000.0)
                .param("id", delivery.id())
                .param("attempts", delivery.attempts())
                .query(Boolean.class)
                .optional()
                .orElse(false);
        if (tooOld) {
            end(delivery, Delivery.State.GIVEN_UP, error);
        }
        return tooOld;
    }

    List<Delivery> of(UUID pair) {
        return sql.sql("select " + COLUMNS + " from delivery where pair_id = :pair order by created_at, id")
                .param("pair", pair)
                .query((row, number) -> delivery(row))
                .list();
    }

    private static Delivery delivery(ResultSet row) throws SQLException {
        return new Delivery(
                row.getObject("id", UUID.class),
                row.getString("tenant"),
                Delivery.Kind.valueOf(row.getString("kind")),
                row.getString("destination"),
                row.getObject("pair_id", UUID.class),
                row.getString("sop_instance_uid"),
                row.getString("body"),
                Delivery.State.valueOf(row.getString("state")),
                row.getInt("attempts"),
                row.getTimestamp("next_attempt_at").toInstant(),
                row.getString("last_error"));
    }
}
