package org.segmeter.batch;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.evaluation.Description;
import org.segmeter.evaluation.Problem;
import org.springframework.jdbc.core.BatchPreparedStatementSetter;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All SQL about batches. The callers say where a transaction begins and ends; all times are the database's. The counts of a batch are
 * changed only by who has its row locked, in the transaction that changes the items.
 */
@Component
final class BatchRows {

    private static final String COLUMNS = """
        b.id, b.created_at, b.finished_at, b.state, b.demo, b.protocols, b.waiting, b.scoring, b.succeeded, b.failed, b.cancelled,
        case when b.finished_at is null then
            (select count(*) from batch_item i where i.batch_id = b.id and i.finished_at > now() - interval '60 seconds')
                / greatest(0.1, least(60, extract(epoch from now() - b.created_at)))
            else (b.succeeded + b.failed) / greatest(0.1, extract(epoch from b.finished_at - b.created_at))
        end as per_second\
        """;

    private static final String ITEM = """
        i.number, i.state, i.case_id, i.model_name, i.model_version, i.site, i.labels, i.prediction, i.reference, i.mask,
        i.evaluation_id, i.problem, i.finished_at\
        """;

    private final JdbcClient sql;
    private final JdbcTemplate template;
    private final JsonMapper json;

    BatchRows(JdbcClient sql, JdbcTemplate template, JsonMapper json) {
        this.sql = sql;
        this.template = template;
        this.json = json;
    }

    /** A batch whose row is locked until the transaction ends. */
    record Locked(
            UUID id,
            String tenant,
            Batch.State state,
            int waiting,
            int scoring,
            List<String> protocols,
            @Nullable String request) {}

    /** An item that waits. */
    record Waiting(
            int number, Description description, List<String> prediction, List<String> reference, List<String> mask) {

        /** Where all its files are. */
        List<String> places() {
            return Stream.of(prediction, reference, mask).flatMap(List::stream).toList();
        }
    }

    /** An item whose evaluation has ended. */
    record Ended(int number, BatchItem.State state) {}

    /** False if there is one of this id. */
    boolean insert(UUID id, Batch.State state, boolean demo, List<String> protocols, @Nullable String request) {
        return sql.sql("""
            insert into batch (id, state, demo, protocols, request) values (:id, :state, :demo, :protocols, :request)
            on conflict do nothing\
            """)
                        .param("id", id)
                        .param("state", state.name())
                        .param("demo", demo)
                        .param("protocols", protocols.toArray(String[]::new))
                        .param("request", request)
                        .update()
                == 1;
    }

    /** Adds items to a locked batch, with numbers from {@code first}. */
    void insertItems(UUID batch, int first, List<NewItem> items) {
        template.batchUpdate("""
            insert into batch_item (batch_id, number, state, case_id, model_name, model_version, site, labels, prediction,
                reference, problem_slug, problem, finished_at, dated_at, prediction_name, reference_name, mask)
            values (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, case when ? then now() end, ?, ?, ?, ?)\
            """, new BatchPreparedStatementSetter() {
            @Override
            public void setValues(PreparedStatement statement, int i) throws SQLException {
                fill(statement, batch, first + i, items.get(i));
            }

            @Override
            public int getBatchSize() {
                return items.size();
            }
        });
    }

    private void fill(PreparedStatement statement, UUID batch, int number, NewItem item) throws SQLException {
        Problem problem = item.problem();
        Description about = item.description();
        statement.setObject(1, batch);
        statement.setInt(2, number);
        statement.setString(3, problem == null ? "WAITING" : "FAILED");
        statement.setString(4, about.caseId());
        statement.setString(5, about.modelName());
        statement.setString(6, about.modelVersion());
        statement.setString(7, about.site());
        statement.setString(8, json.writeValueAsString(about.labels()));
        statement.setArray(9, array(statement, item.prediction()));
        statement.setArray(10, array(statement, item.reference()));
        statement.setString(11, problem == null ? null : problem.slug());
        statement.setString(12, problem == null ? null : json.writeValueAsString(problem.document()));
        statement.setBoolean(13, problem != null);
        statement.setTimestamp(14, item.datedAt() == null ? null : Timestamp.from(item.datedAt()));
        statement.setString(15, item.predictionName());
        statement.setString(16, item.referenceName());
        statement.setArray(17, array(statement, item.mask()));
    }

    private static java.sql.Array array(PreparedStatement statement, List<String> texts) throws SQLException {
        return statement.getConnection().createArrayOf("text", texts.toArray());
    }

    /** Changes the counts of a locked batch. */
    void count(UUID batch, int waiting, int scoring, int succeeded, int failed, int cancelled) {
        sql.sql("""
            update batch set waiting = waiting + :waiting, scoring = scoring + :scoring, succeeded = succeeded + :succeeded,
                failed = failed + :failed, cancelled = cancelled + :cancelled
            where id = :id\
            """)
                .param("waiting", waiting)
                .param("scoring", scoring)
                .param("succeeded", succeeded)
                .param("failed", failed)
                .param("cancelled", cancelled)
                .param("id", batch)
                .update();
    }

    /** Writes down events of items, in their order. */
    void events(UUID batch, Batch.Event.Kind kind, List<Integer> numbers) {
        if (!numbers.isEmpty()) {
            sql.sql("""
                insert into batch_event (batch_id, kind, number)
                select :id, :kind, n.number from unnest(:numbers::integer[]) with ordinality as n (number, place)
                order by n.place\
                """)
                    .param("id", batch)
                    .param("kind", kind.word())
                    .param("numbers", numbers.toArray(Integer[]::new))
                    .update();
        }
    }

    void event(UUID batch, Batch.Event.Kind kind) {
        sql.sql("insert into batch_event (batch_id, kind) values (:id, :kind)")
                .param("id", batch)
                .param("kind", kind.word())
                .update();
    }

    Optional<Batch> find(UUID id) {
        return sql.sql("select " + COLUMNS + " from batch b where b.id = :id")
                .param("id", id)
                .query((row, number) -> batch(row))
                .optional();
    }

    Batch.Page list(Batch.@Nullable Position after, int limit) {
        List<Batch> found = sql.sql("select " + COLUMNS + " from batch b"
                        + (after == null ? "" : " where (b.created_at, b.id) < (:time, :id)")
                        + " order by b.created_at desc, b.id desc limit :limit")
                .params(
                        after == null
                                ? Map.of("limit", limit + 1)
                                : Map.of(
                                        "limit",
                                        limit + 1,
                                        "time",
                                        Timestamp.from(after.createdAt()),
                                        "id",
                                        after.id()))
                .query((row, number) -> batch(row))
                .list();
        if (found.size() <= limit) {
            return new Batch.Page(found, null);
        }
        List<Batch> page = found.subList(0, limit);
        return new Batch.Page(
                page,
                new Batch.Position(page.getLast().createdAt(), page.getLast().id()));
    }

    BatchItem.Page items(UUID batch, BatchItem.@Nullable State state, int after, int limit) {
        Map<String, Object> parameters = new LinkedHashMap<>(Map.of("id", batch, "after", after, "limit", limit + 1));
        if (state != null) {
            parameters.put("state", state.name());
        }
        List<BatchItem> found = sql.sql(
                        "select " + ITEM + " from batch_item i where i.batch_id = :id and i.number > :after"
                                + (state == null ? "" : " and i.state = :state") + " order by i.number limit :limit")
                .params(parameters)
                .query((row, number) -> item(row))
                .list();
        if (found.size() <= limit) {
            return new BatchItem.Page(found, null);
        }
        List<BatchItem> page = found.subList(0, limit);
        return new BatchItem.Page(page, page.getLast().number());
    }

    List<Batch.Event> eventsAfter(UUID batch, long after, int limit) {
        return sql.sql("select e.sequence, e.at, e.kind, " + ITEM + """

            from batch_event e left join batch_item i on i.batch_id = e.batch_id and i.number = e.number
            where e.batch_id = :id and e.sequence > :after order by e.sequence limit :limit\
            """)
                .param("id", batch)
                .param("after", after)
                .param("limit", limit)
                .query((row, number) -> new Batch.Event(
                        row.getLong("sequence"),
                        row.getTimestamp("at").toInstant(),
                        Batch.Event.Kind.of(row.getString("kind")),
                        row.getString("state") == null ? null : item(row)))
                .list();
    }

    /** Those that are not over, the oldest first. */
    List<UUID> unfinished() {
        return sql.sql("select id from batch where state in ('OPEN', 'RUNNING') or scoring > 0 order by created_at")
                .query(UUID.class)
                .list();
    }

    /** Whose it is; empty if there is none. */
    Optional<String> tenant(UUID id) {
        return sql.sql("select tenant from batch where id = :id")
                .param("id", id)
                .query(String.class)
                .optional();
    }

    /** Locks a batch until the transaction ends; empty if somebody else has it locked, or there is none. */
    Optional<Locked> lock(UUID id, boolean wait) {
        return sql.sql("select id, tenant, state, waiting, scoring, protocols, request from batch where id = :id for"
                        + " update"
                        + (wait ? "" : " skip locked"))
                .param("id", id)
                .query((row, number) -> new Locked(
                        row.getObject("id", UUID.class),
                        row.getString("tenant"),
                        Batch.State.valueOf(row.getString("state")),
                        row.getInt("waiting"),
                        row.getInt("scoring"),
                        texts(row, "protocols"),
                        row.getString("request")))
                .optional();
    }

    /** What is written in this transaction belongs to the batch's tenant. */
    void actFor(String tenant) {
        sql.sql("select set_config('segmeter.tenant', :tenant, true)")
                .param("tenant", tenant)
                .query(String.class)
                .single();
    }

    List<Waiting> waiting(UUID batch, int limit) {
        return sql.sql("""
            select number, case_id, model_name, model_version, site, labels, prediction, reference, mask from batch_item
            where batch_id = :id and state = 'WAITING' order by number limit :limit\
            """)
                .param("id", batch)
                .param("limit", limit)
                .query((row, n) -> new Waiting(
                        row.getInt("number"),
                        description(row),
                        texts(row, "prediction"),
                        texts(row, "reference"),
                        texts(row, "mask")))
                .list();
    }

    /** The files of an item are somewhere else now; false if it does not wait any more. */
    boolean relocate(UUID batch, int number, List<String> prediction, List<String> reference, List<String> mask) {
        return sql.sql("""
            update batch_item set prediction = :prediction, reference = :reference, mask = :mask
            where batch_id = :id and number = :number and state = 'WAITING'\
            """)
                        .param("prediction", prediction.toArray(String[]::new))
                        .param("reference", reference.toArray(String[]::new))
                        .param("mask", mask.toArray(String[]::new))
                        .param("id", batch)
                        .param("number", number)
                        .update()
                == 1;
    }

    /** Items of a locked batch are being scored. */
    void scoring(UUID batch, Map<Integer, UUID> evaluations) {
        List<Object[]> rows = new ArrayList<>();
        evaluations.forEach((number, evaluation) -> rows.add(new Object[] {evaluation, batch, number}));
        template.batchUpdate("""
            update batch_item set state = 'SCORING', evaluation_id = ? where batch_id = ? and number = ? and state = 'WAITING'\
            """, rows);
    }

    /** An item of a locked batch cannot be scored. */
    void failWaiting(UUID batch, int number, Problem problem) {
        sql.sql("""
            update batch_item set state = 'FAILED', problem_slug = :slug, problem = :problem, finished_at = now()
            where batch_id = :id and number = :number and state = 'WAITING'\
            """)
                .param("slug", problem.slug())
                .param("problem", json.writeValueAsString(problem.document()))
                .param("id", batch)
                .param("number", number)
                .update();
    }

    /** Takes over how the evaluations of a locked batch have ended; an evaluation that was removed counts as cancelled. */
    List<Ended> settle(UUID batch, int limit) {
        return sql.sql("""
            with ended as (
                select i.number, coalesce(e.state, 'CANCELLED') as state, e.problem_slug, e.problem, i.dated_at, e.id
                from batch_item i left join evaluation e on e.id = i.evaluation_id
                where i.batch_id = :id and i.state = 'SCORING'
                    and (e.id is null or e.state in ('SUCCEEDED', 'FAILED', 'CANCELLED'))
                order by i.number limit :limit),
            dated as (
                update evaluation e set created_at = d.dated_at, started_at = d.dated_at + (e.started_at - e.created_at),
                    finished_at = d.dated_at + (e.finished_at - e.created_at)
                from ended d where e.id = d.id and d.dated_at is not null)
            update batch_item i set state = d.state, problem_slug = d.problem_slug, problem = d.problem, finished_at = now()
            from ended d where i.batch_id = :id and i.number = d.number
            returning i.number, i.state\
            """)
                .param("id", batch)
                .param("limit", limit)
                .query((row, n) -> new Ended(row.getInt(1), BatchItem.State.valueOf(row.getString(2))))
                .list();
    }

    /** Sets the state of a locked batch. */
    void state(UUID batch, Batch.State state) {
        sql.sql("update batch set state = :state, finished_at = case when :final then now() end where id = :id")
                .param("state", state.name())
                .param("final", state.isFinal())
                .param("id", batch)
                .update();
    }

    /** Items of a locked batch that wait do so no longer; says how many. */
    int cancelWaiting(UUID batch) {
        return sql.sql("""
            update batch_item set state = 'CANCELLED', finished_at = now() where batch_id = :id and state = 'WAITING'\
            """).param("id", batch).update();
    }

    /** Items of a locked batch that failed wait again; says how many. */
    int retryFailed(UUID batch) {
        return sql.sql("""
            update batch_item set state = 'WAITING', evaluation_id = null, problem_slug = null, problem = null,
                finished_at = null
            where batch_id = :id and state = 'FAILED'\
            """).param("id", batch).update();
    }

    /** Those that are queued or running. */
    List<UUID> evaluations(UUID batch) {
        return sql.sql("select evaluation_id from batch_item where batch_id = :id and evaluation_id is not null"
                        + " and state = 'SCORING'")
                .param("id", batch)
                .query(UUID.class)
                .list();
    }

    /** Removes up to so many finished evaluations of a batch with their results; says how many. */
    int removeEvaluations(UUID batch, int limit) {
        return sql.sql("""
            delete from evaluation where id in (
                select i.evaluation_id from batch_item i join evaluation e on e.id = i.evaluation_id
                where i.batch_id = :id and e.state in ('SUCCEEDED', 'FAILED', 'CANCELLED') limit :limit)\
            """).param("id", batch).param("limit", limit).update();
    }

    boolean delete(UUID batch) {
        return sql.sql("delete from batch where id = :id").param("id", batch).update() == 1;
    }

    private static Batch batch(ResultSet row) throws SQLException {
        Timestamp finished = row.getTimestamp("finished_at");
        return new Batch(
                row.getObject("id", UUID.class),
                row.getTimestamp("created_at").toInstant(),
                finished == null ? null : finished.toInstant(),
                Batch.State.valueOf(row.getString("state")),
                row.getBoolean("demo"),
                texts(row, "protocols"),
                new Batch.Counts(
                        row.getInt("waiting"),
                        row.getInt("scoring"),
                        row.getInt("succeeded"),
                        row.getInt("failed"),
                        row.getInt("cancelled")),
                row.getDouble("per_second"));
    }

    private BatchItem item(ResultSet row) throws SQLException {
        Timestamp finished = row.getTimestamp("finished_at");
        Instant at = finished == null ? null : finished.toInstant();
        return new BatchItem(
                row.getInt("number"),
                BatchItem.State.valueOf(row.getString("state")),
                description(row),
                texts(row, "prediction"),
                texts(row, "reference"),
                texts(row, "mask"),
                row.getObject("evaluation_id", UUID.class),
                row.getString("problem"),
                at);
    }

    private Description description(ResultSet row) throws SQLException {
        Map<String, String> labels = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> label :
                json.readTree(row.getString("labels")).properties()) {
            labels.put(label.getKey(), label.getValue().asString());
        }
        return new Description(
                row.getString("case_id"),
                row.getString("model_name"),
                row.getString("model_version"),
                row.getString("site"),
                labels);
    }

    private static List<String> texts(ResultSet row, String column) throws SQLException {
        return Arrays.asList((String[]) row.getArray(column).getArray());
    }
}
