package org.segmeter.pacs;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * All SQL about pairs. The callers say where a transaction begins and ends; every change of state leaves a transition and its messages.
 */
@Component
final class PairRows {

    private static final String COLUMNS = """
        id, tenant, study_uid, state, reason, prediction_sop, reference_sop, candidates, keys, superseded_by, evaluation_id,
        report_sop, created_at, changed_at\
        """;

    private final JdbcClient sql;
    private final Messages messages;

    PairRows(JdbcClient sql, Messages messages) {
        this.sql = sql;
        this.messages = messages;
    }

    /** Waits for others who change the pairs of a study, and keeps them out until the transaction ends. */
    void lockStudy(String studyUid) {
        sql.sql("insert into pairing_study (study_uid) values (:study) on conflict do nothing")
                .param("study", studyUid)
                .update();
        sql.sql("select 1 from pairing_study where study_uid = :study for update")
                .param("study", studyUid)
                .query(Integer.class)
                .single();
    }

    UUID insert(
            String studyUid,
            PairState state,
            String reason,
            @Nullable String predictionSop,
            @Nullable String referenceSop,
            Collection<String> candidates,
            Collection<String> keys) {
        UUID id = UUID.randomUUID();
        sql.sql("""
            insert into pair (id, study_uid, state, reason, prediction_sop, reference_sop, candidates, keys)
            values (:id, :study, :state, :reason, :prediction, :reference, :candidates, :keys)\
            """)
                .param("id", id)
                .param("study", studyUid)
                .param("state", state.name())
                .param("reason", reason)
                .param("prediction", predictionSop)
                .param("reference", referenceSop)
                .param("candidates", candidates.toArray(String[]::new))
                .param("keys", keys.toArray(String[]::new))
                .update();
        transition(id, null, state, reason, null);
        return id;
    }

    /** Changes the state of a pair, if it is in the state that the caller saw. */
    boolean change(Pair pair, PairState state, String reason) {
        boolean done = sql.sql("""
            update pair set state = :state, reason = :reason, changed_at = clock_timestamp()
            where id = :id and state = :before\
            """)
                        .param("state", state.name())
                        .param("reason", reason)
                        .param("id", pair.id())
                        .param("before", pair.state().name())
                        .update()
                == 1;
        if (done) {
            transition(pair.id(), pair.state(), state, reason, pair.evaluation());
        }
        return done;
    }

    /** Both sides are known. */
    void match(Pair pair, String predictionSop, String referenceSop, Collection<String> keys, String reason) {
        sql.sql("""
            update pair set prediction_sop = :prediction, reference_sop = :reference, keys = :keys, candidates = '{}'
            where id = :id\
            """)
                .param("prediction", predictionSop)
                .param("reference", referenceSop)
                .param("keys", keys.toArray(String[]::new))
                .param("id", pair.id())
                .update();
        change(pair, PairState.MATCHED, reason);
    }

    void candidates(UUID id, Collection<String> candidates) {
        sql.sql("update pair set candidates = :candidates where id = :id")
                .param("candidates", candidates.toArray(String[]::new))
                .param("id", id)
                .update();
    }

    void supersededBy(UUID id, String sop) {
        sql.sql("update pair set superseded_by = :sop where id = :id")
                .param("sop", sop)
                .param("id", id)
                .update();
    }

    void evaluation(UUID id, @Nullable UUID evaluation) {
        sql.sql("update pair set evaluation_id = :evaluation where id = :id")
                .param("evaluation", evaluation)
                .param("id", id)
                .update();
    }

    void report(UUID id, String sop) {
        sql.sql("update pair set report_sop = :sop where id = :id")
                .param("sop", sop)
                .param("id", id)
                .update();
    }

    private void transition(UUID id, @Nullable PairState from, PairState to, String reason, @Nullable UUID evaluation) {
        messages.changed(id, from, to, reason, to == PairState.ACCEPTED_UNCHANGED ? null : evaluation);
        sql.sql("insert into pair_transition (pair_id, from_state, to_state, reason) values (:id, :from, :to, :reason)")
                .param("id", id)
                .param("from", from == null ? null : from.name())
                .param("to", to.name())
                .param("reason", reason)
                .update();
    }

    Optional<Pair> find(UUID id) {
        return sql.sql("select " + COLUMNS + " from pair where id = :id")
                .param("id", id)
                .query((row, number) -> pair(row))
                .optional();
    }

    /** Locks a matched pair until the transaction ends; empty if it is not matched any more, or another replica has it. */
    Optional<Pair> lockMatched(UUID id) {
        return sql.sql("select " + COLUMNS + " from pair where id = :id and state = 'MATCHED' for update skip locked")
                .param("id", id)
                .query((row, number) -> pair(row))
                .optional();
    }

    /** Locked, so that what the caller sees of their states is still so when it acts. */
    List<Pair> ofStudy(String studyUid) {
        return sql.sql("select " + COLUMNS + " from pair where study_uid = :study order by created_at, id for update")
                .param("study", studyUid)
                .query((row, number) -> pair(row))
                .list();
    }

    /** Matched pairs whose evaluation has ended or was removed: those that wait longer are not in their way. */
    List<Pair> ended(int most) {
        return sql.sql("select " + COLUMNS + " " + """
            from pair p where state = 'MATCHED' and not exists (
                select from evaluation e where e.id = p.evaluation_id and e.state not in ('SUCCEEDED', 'FAILED', 'CANCELLED'))
            order by changed_at limit :most\
            """)
                .param("most", most)
                .query((row, number) -> pair(row))
                .list();
    }

    List<Pair> open(Duration longerThan, int most) {
        return sql.sql("select " + COLUMNS + " " + """
            from pair where state in ('WAITING', 'AMBIGUOUS')
               and created_at < now() - make_interval(secs => :age) order by created_at limit :most\
            """)
                .param("age", longerThan.toMillis() / 1000.0)
                .param("most", most)
                .query((row, number) -> pair(row))
                .list();
    }

    List<Pair> list(@Nullable PairState state, @Nullable String studyUid, int limit, long offset) {
        return sql.sql("select " + COLUMNS + " " + """
             from pair where (:state::text is null or state = :state) and (:study::text is null or study_uid = :study)
                and (:tenant::text is null or tenant = :tenant)
            order by created_at desc, id desc limit :limit offset :offset\
            """)
                .param("state", state == null ? null : state.name())
                .param("tenant", Tenant.bound())
                .param("study", studyUid)
                .param("limit", limit)
                .param("offset", offset)
                .query((row, number) -> pair(row))
                .list();
    }

    /** Pairs that an instance is part of. */
    List<UUID> with(String sop) {
        return sql.sql("""
            select id from pair where prediction_sop = :sop or reference_sop = :sop order by created_at\
            """).param("sop", sop).query(UUID.class).list();
    }

    /** The pair that an evaluation scored; empty if it was submitted otherwise. */
    Optional<Pair> scoredBy(UUID evaluation) {
        return sql.sql("select " + COLUMNS + " from pair where evaluation_id = :id order by created_at limit 1")
                .param("id", evaluation)
                .query((row, number) -> pair(row))
                .optional();
    }

    /** Pairs of a study that have an evaluation, newest first. */
    List<Pair> evaluated(String studyUid, int limit, int offset) {
        return sql.sql("select " + COLUMNS + " " + """
            from pair where study_uid = :study and evaluation_id is not null
            order by created_at desc, id desc limit :limit offset :offset\
            """)
                .param("study", studyUid)
                .param("limit", limit)
                .param("offset", offset)
                .query((row, number) -> pair(row))
                .list();
    }

    /** The newest pair that an instance is a side or the report of and that has an evaluation. */
    Optional<Pair> evaluatedWith(String sop) {
        return sql.sql("select " + COLUMNS + " " + """
            from pair where evaluation_id is not null
                and (prediction_sop = :sop or reference_sop = :sop or report_sop = :sop)
            order by changed_at desc, id limit 1\
            """)
                .param("sop", sop)
                .query((row, number) -> pair(row))
                .optional();
    }

    List<Pair.Transition> transitions(UUID id) {
        return sql.sql("select at, from_state, to_state, reason from pair_transition where pair_id = :id order by"
                        + " sequence")
                .param("id", id)
                .query((row, number) -> {
                    String from = row.getString(2);
                    return new Pair.Transition(
                            row.getTimestamp(1).toInstant(),
                            from == null ? null : PairState.valueOf(from),
                            PairState.valueOf(row.getString(3)),
                            row.getString(4));
                })
                .list();
    }

    private static Pair pair(ResultSet row) throws SQLException {
        return new Pair(
                row.getObject("id", UUID.class),
                row.getString("tenant"),
                row.getString("study_uid"),
                PairState.valueOf(row.getString("state")),
                row.getString("reason"),
                row.getString("prediction_sop"),
                row.getString("reference_sop"),
                List.of((String[]) row.getArray("candidates").getArray()),
                List.of((String[]) row.getArray("keys").getArray()),
                row.getString("superseded_by"),
                row.getObject("evaluation_id", UUID.class),
                row.getString("report_sop"),
                row.getTimestamp("created_at").toInstant(),
                row.getTimestamp("changed_at").toInstant());
    }
}
