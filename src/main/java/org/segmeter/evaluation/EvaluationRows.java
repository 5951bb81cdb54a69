package org.segmeter.evaluation;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.segmeter.scoring.Scorecard;
import org.segmeter.telemetry.Trace;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** All SQL about evaluations. The callers say where a transaction begins and ends; all times are the database's. */
@Component
final class EvaluationRows {

    private static final String COLUMNS = """
        e.id, e.created_at, e.state, e.stage, e.attempt, e.cancel_requested, e.started_at, e.finished_at, e.case_id,
        e.model_name, e.model_version, e.site, e.labels, e.protocols, e.problem, s.sha256 as scorecard_sha256\
        """;

    private final JdbcClient sql;
    private final JsonMapper json;

    EvaluationRows(JdbcClient sql, JsonMapper json) {
        this.sql = sql;
        this.json = json;
    }

    /** A started attempt: what the worker needs to know. */
    record Claim(
            UUID id,
            int attempt,
            int counted,
            boolean cancelRequested,
            Instant createdAt,
            Instant startedAt,
            double waitedSeconds,
            Description description,
            @Nullable String request,
            String worker,
            @Nullable String trace,
            List<Evaluation.Input> inputs) {}

    /** One value of a scorecard, for queries. */
    record Value(
            int segmentIndex,
            @Nullable Integer segmentNumber,
            @Nullable String segmentLabel,
            String metric,
            String parameters,
            @Nullable Double value,
            String unit,
            String state) {}

    /**
     * Writes down a submission and puts its job into the queue, all in one statement; says when, by the database's clock. The job is due a
     * second before, which no error of {@link DatabaseClock} amounts to.
     *
     * @param priority 0, or less for what waits until others have had their turn
     */
    Instant insert(UUID id, Submission submission, int priority) {
        List<String> sides = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        for (Side side : Side.values()) {
            List<Blob> blobs = submission.files(side);
            for (int i = 0; i < blobs.size(); i++) {
                sides.add(side.word());
                positions.add(i);
                digests.add(blobs.get(i).sha256());
            }
        }
        Description about = submission.description();
        return sql.sql("""
            with accepted as (
                insert into evaluation
                    (id, state, case_id, model_name, model_version, site, labels, protocols, request, submitted_by, trace)
                values (:id, 'QUEUED', :case, :model, :version, :site, :labels::jsonb, :protocols, :request, :caller,
                    :trace)
                returning created_at),
            files as (
                insert into evaluation_input (evaluation_id, side, position, sha256)
                select :id, * from unnest(:sides::text[], :positions::integer[], :digests::text[])),
            told as (
                insert into evaluation_event (evaluation_id, state) values (:id, 'QUEUED')),
            job as (
                insert into scheduled_tasks (task_name, task_instance, execution_time, picked, version, priority)
                values (:task, :instance, now() - interval '1 second', false, 1, :priority))
            select created_at from accepted\
            """)
                .param("id", id)
                .param("case", about.caseId())
                .param("model", about.modelName())
                .param("version", about.modelVersion())
                .param("site", about.site())
                .param("labels", json.writeValueAsString(about.labels()))
                .param("protocols", submission.protocols().toArray(String[]::new))
                .param("request", submission.request())
                .param("caller", Tenant.caller())
                .param("trace", Trace.current())
                .param("priority", priority)
                .param("sides", sides.toArray(String[]::new))
                .param("positions", positions.toArray(Integer[]::new))
                .param("digests", digests.toArray(String[]::new))
                .param("task", EvaluationJob.TASK.getTaskName())
                .param("instance", id.toString())
                .query((row, number) -> row.getTimestamp(1).toInstant())
                .single();
    }

    Optional<Evaluation> find(UUID id) {
        return sql.sql("select " + COLUMNS + """

            from evaluation e left join scorecard s on s.evaluation_id = e.id where e.id = :id\
            """)
                .param("id", id)
                .query((row, number) -> evaluation(row))
                .optional()
                .map(found -> found.withInputs(inputs(id)));
    }

    Optional<State> state(UUID id) {
        return sql.sql("select state from evaluation where id = :id")
                .param("id", id)
                .query(String.class)
                .optional()
                .map(State::valueOf);
    }

    List<Evaluation.Input> inputs(UUID id) {
        return sql.sql("""
            select i.side, b.sha256, b.size_bytes from evaluation_input i join blob b using (sha256)
            where i.evaluation_id = :id order by i.side, i.position\
            """)
                .param("id", id)
                .query((row, number) ->
                        new Evaluation.Input(Side.of(row.getString(1)), new Blob(row.getString(2), row.getLong(3))))
                .list();
    }

    private static List<Evaluation.Input> inputs(@Nullable Array files) throws SQLException {
        List<Evaluation.Input> inputs = new ArrayList<>();
        if (files != null) {
            for (String file : (String[]) files.getArray()) {
                String[] parts = file.split(" ", -1);
                inputs.add(new Evaluation.Input(Side.of(parts[0]), new Blob(parts[1], Long.parseLong(parts[2]))));
            }
        }
        return inputs;
    }

    EvaluationQuery.Page list(EvaluationQuery query) {
        StringBuilder where = new StringBuilder("true");
        Map<String, Object> parameters = new LinkedHashMap<>();
        // The wall asks for the same in a form that no index knows, and a tenant may have few among many.
        condition(where, parameters, "e.tenant = :tenant", "tenant", Tenant.bound());
        condition(where, parameters, "e.model_name = :model", "model", query.model());
        condition(where, parameters, "e.model_version = :version", "version", query.version());
        condition(where, parameters, "e.case_id = :case", "case", query.caseId());
        condition(
                where,
                parameters,
                "e.state = :state",
                "state",
                query.state() == null ? null : query.state().name());
        condition(where, parameters, "e.created_at >= :from", "from", timestamp(query.from()));
        condition(where, parameters, "e.created_at < :to", "to", timestamp(query.to()));
        EvaluationQuery.Position after = query.after();
        if (after != null) {
            where.append(" and (e.created_at, e.id) < (:afterTime, :afterId)");
            parameters.put("afterTime", Timestamp.from(after.createdAt()));
            parameters.put("afterId", after.id());
        }
        parameters.put("limit", query.limit() + 1);
        List<Evaluation> found = sql.sql("select " + COLUMNS + " from evaluation e"
                        + " left join scorecard s on s.evaluation_id = e.id where " + where
                        + " order by e.created_at desc, e.id desc limit :limit")
                .params(parameters)
                .query((row, number) -> evaluation(row))
                .list();
        if (found.size() <= query.limit()) {
            return new EvaluationQuery.Page(found, null);
        }
        List<Evaluation> page = found.subList(0, query.limit());
        Evaluation last = page.getLast();
        return new EvaluationQuery.Page(page, new EvaluationQuery.Position(last.createdAt(), last.id()));
    }

    Optional<StoredScorecard> scorecard(UUID id) {
        return sql.sql("select content, sha256 from scorecard where evaluation_id = :id")
                .param("id", id)
                .query((row, number) -> new StoredScorecard(row.getString(1), row.getString(2)))
                .optional();
    }

    Optional<LossDocument> lossDocument(UUID id, LossDocument.Kind kind) {
        return sql.sql("select content, sha256 from loss_document where evaluation_id = :id and kind = :kind")
                .param("id", id)
                .param("kind", kind.word())
                .query((row, number) -> new LossDocument(row.getString(1), row.getString(2)))
                .optional();
    }

    /** Does nothing if another process has stored the document. */
    void insertLossDocument(UUID id, LossDocument.Kind kind, LossDocument document, Scorecard.Engine build) {
        sql.sql("""
            insert into loss_document (evaluation_id, kind, content, sha256, engine_version, engine_commit)
            values (:id, :kind, :content, :sha256, :version, :commit) on conflict do nothing\
            """)
                .param("id", id)
                .param("kind", kind.word())
                .param("content", document.content())
                .param("sha256", document.sha256())
                .param("version", build.version())
                .param("commit", build.commit())
                .update();
    }

    /** True if the inputs of an evaluation were removed after their time. */
    boolean inputsRemoved(UUID id) {
        return sql.sql("select count(*) from evaluation where id = :id and inputs_removed_at is not null")
                        .param("id", id)
                        .query(Long.class)
                        .single()
                > 0;
    }

    /** The request by which an evaluation was submitted; null if there was none. */
    @Nullable
    String request(UUID id) {
        return sql.sql("select coalesce(request, '') from evaluation where id = :id")
                .param("id", id)
                .query(String.class)
                .optional()
                .filter(text -> !text.isEmpty())
                .orElse(null);
    }

    List<Event> events(UUID id, long after) {
        return sql.sql("""
            select sequence, at, state, stage from evaluation_event
            where evaluation_id = :id and sequence > :after order by sequence\
            """)
                .param("id", id)
                .param("after", after)
                .query((row, number) -> new Event(
                        row.getLong(1),
                        row.getTimestamp(2).toInstant(),
                        State.valueOf(row.getString(3)),
                        row.getString(4)))
                .list();
    }

    /**
     * Counts an attempt and takes the evaluation, in a transaction of its own; empty if it is in a final state, or gone.
     *
     * <p>The commit of a first attempt does not wait for the database's disk: nothing is acknowledged by it, the end of this process
     * does not undo it, and if that of the database server does, the attempt has as good as not begun. As its number is given again
     * then, the worker's name, which is another one for each claim, tells the two apart. Every later attempt waits: an input that takes
     * the whole machine with it each time must not be counted as new each time.
     *
     * @param again true if the queue gave out the job before
     */
    Optional<Claim> claim(UUID id, String worker, boolean again) {
        return sql.sql("""
            with quick as (
                select set_config('synchronous_commit', :wait, true)),
            taken as (
                update evaluation set state = 'RUNNING', stage = null, attempt = attempt + 1, worker = :worker,
                    started_at = now()
                from quick where id = :id and state in ('QUEUED', 'RUNNING')
                returning evaluation.*),
            told as (
                insert into evaluation_event (evaluation_id, state) select id, 'RUNNING' from taken)
            select id, attempt, attempt - handed_back, cancel_requested, created_at, started_at,
                extract(epoch from now() - created_at), case_id, model_name, model_version, site, labels, request,
                worker, trace,
                (select array_agg(i.side || ' ' || i.sha256 || ' '
                        || (select b.size_bytes from blob b where b.sha256 = i.sha256) order by i.side, i.position)
                    from evaluation_input i where i.evaluation_id = taken.id)
            from taken\
            """)
                .param("id", id)
                .param("worker", worker)
                .param("wait", again ? "on" : "off")
                .query((row, number) -> new Claim(
                        row.getObject(1, UUID.class),
                        row.getInt(2),
                        row.getInt(3),
                        row.getBoolean(4),
                        row.getTimestamp(5).toInstant(),
                        row.getTimestamp(6).toInstant(),
                        row.getDouble(7),
                        new Description(
                                row.getString(8),
                                row.getString(9),
                                row.getString(10),
                                row.getString(11),
                                labels(row.getString(12))),
                        row.getString(13),
                        row.getString(14),
                        row.getString(15),
                        inputs(row.getArray(16))))
                .optional();
    }

    /**
     * Ends an evaluation and takes its job out of the queue; false if a later attempt has it, or somebody ended it: then nothing may
     * be written.
     */
    boolean finish(Claim claim, State state, @Nullable String problemSlug, @Nullable String problem) {
        return sql.sql("""
            with ended as (
                update evaluation set state = :state, stage = null, finished_at = now(), problem_slug = :slug,
                    problem = :problem
                where id = :id and attempt = :attempt and worker = :worker and state = 'RUNNING'
                returning id),
            done as (
                delete from scheduled_tasks using ended
                where task_name = :task and task_instance = ended.id::text)
            select count(*) from ended\
            """)
                        .param("state", state.name())
                        .param("slug", problemSlug)
                        .param("problem", problem)
                        .param("id", claim.id())
                        .param("attempt", claim.attempt())
                        .param("worker", claim.worker())
                        .param("task", EvaluationJob.TASK.getTaskName())
                        .query(Long.class)
                        .single()
                == 1;
    }

    /**
     * Gives a job to each evaluation that waits or runs and has none, which no way known leads to; says how many there were. As long as
     * a job exists the queue sees to it that it is done.
     */
    int recallForgotten() {
        return sql.sql("""
            insert into scheduled_tasks (task_name, task_instance, execution_time, picked, version)
            select :task, e.id::text, now(), false, :version from evaluation e
            where e.state in ('QUEUED', 'RUNNING') and e.created_at < now() - interval '1 minute'
                and not exists (
                    select from scheduled_tasks t where t.task_name = :task and t.task_instance = e.id::text)
            on conflict do nothing\
            """)
                .param("task", EvaluationJob.TASK.getTaskName())
                .param("version", EvaluationJob.VERSION_AT_FIRST_PICK)
                .update();
    }

    /** What let others go first for ten minutes does so no longer: nobody waits for ever, however many are in front. */
    int endPatience() {
        return sql.sql("update scheduled_tasks set priority = 0 where priority < 0 and not picked and task_name = :task"
                        + " and execution_time < now() - interval '10 minutes'")
                .param("task", EvaluationJob.TASK.getTaskName())
                .update();
    }

    /** Puts a running evaluation back into the queue; false if a later attempt has it, or it is to be cancelled. */
    boolean requeue(Claim claim, boolean handedBack) {
        boolean done = sql.sql("""
            update evaluation set state = 'QUEUED', stage = null, handed_back = handed_back + :handedBack
            where id = :id and attempt = :attempt and worker = :worker and state = 'RUNNING' and not cancel_requested\
            """)
                        .param("handedBack", handedBack ? 1 : 0)
                        .param("id", claim.id())
                        .param("attempt", claim.attempt())
                        .param("worker", claim.worker())
                        .update()
                == 1;
        if (done) {
            event(claim.id(), State.QUEUED, null);
        }
        return done;
    }

    /** A result, with the conventions and the build that it is by. */
    record Result(
            StoredScorecard card,
            String protocol,
            String protocolSha256,
            Scorecard.Engine engine,
            List<ValueLayouts.Row> values) {}

    /**
     * Ends an evaluation that was scored, in one statement: its state, its job, its scorecard, its values and the stages that were not
     * written down yet; false if a later attempt has it, or somebody ended it: then nothing is written.
     */
    boolean succeed(Claim claim, Result result, List<Stage> entered) {
        List<ValueLayouts.Row> values = result.values();
        return sql.sql("""
            with ended as (
                update evaluation set state = 'SUCCEEDED', stage = null, finished_at = now()
                where id = :id and attempt = :attempt and worker = :worker and state = 'RUNNING'
                returning id, tenant),
            done as (
                delete from scheduled_tasks using ended
                where task_name = :task and task_instance = :instance),
            result as (
                insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256,
                    engine_version, engine_commit, tenant)
                select id, :attempt, :content, :sha256, :protocol, :protocolSha256, :version, :commit, tenant
                from ended),
            listed as (
                insert into segment_values
                    (evaluation_id, segment_index, segment_number, segment_label, layout, numbers, states)
                select ended.id, v.index, v.number, v.label, v.layout, v.numbers::float8[], decode(v.states, 'hex')
                from ended, unnest(:indices::integer[], :numbers::integer[], :labels::text[], :layouts::uuid[],
                    :values::text[], :states::text[]) v (index, number, label, layout, numbers, states)),
            told as (
                insert into evaluation_event (evaluation_id, at, state, stage)
                select ended.id, coalesce(t.at, clock_timestamp()), t.state, t.stage
                from ended, unnest(:at::timestamptz[], :stateOfEvents::text[], :stages::text[])
                    with ordinality as t (at, state, stage, number)
                order by t.number)
            select count(*) from ended\
            """)
                        .param("id", claim.id())
                        .param("attempt", claim.attempt())
                        .param("worker", claim.worker())
                        .param("task", EvaluationJob.TASK.getTaskName())
                        .param("instance", claim.id().toString())
                        .param("content", result.card().content())
                        .param("sha256", result.card().sha256())
                        .param("protocol", result.protocol())
                        .param("protocolSha256", result.protocolSha256())
                        .param("version", result.engine().version())
                        .param("commit", result.engine().commit())
                        .param(
                                "indices",
                                values.stream()
                                        .map(ValueLayouts.Row::segmentIndex)
                                        .toArray(Integer[]::new))
                        .param(
                                "numbers",
                                values.stream()
                                        .map(ValueLayouts.Row::segmentNumber)
                                        .toArray(Integer[]::new))
                        .param(
                                "labels",
                                values.stream()
                                        .map(ValueLayouts.Row::segmentLabel)
                                        .toArray(String[]::new))
                        .param(
                                "layouts",
                                values.stream().map(ValueLayouts.Row::layout).toArray(UUID[]::new))
                        .param(
                                "values",
                                values.stream().map(ValueLayouts.Row::numbers).toArray(String[]::new))
                        .param(
                                "states",
                                values.stream().map(ValueLayouts.Row::states).toArray(String[]::new))
                        .param("at", times(entered, State.SUCCEEDED))
                        .param("stateOfEvents", states(entered, State.SUCCEEDED))
                        .param("stages", stages(entered, State.SUCCEEDED))
                        .query(Long.class)
                        .single()
                == 1;
    }

    void event(UUID id, State state, @Nullable String stage) {
        sql.sql("insert into evaluation_event (evaluation_id, state, stage) values (:id, :state, :stage)")
                .param("id", id)
                .param("state", state.name())
                .param("stage", stage)
                .update();
    }

    /** Locks a running attempt's row until the transaction ends; false if it is not running any more. */
    boolean lockRunning(UUID id, int attempt, String worker) {
        return sql.sql("""
            select 1 from evaluation
            where id = :id and attempt = :attempt and worker = :worker and state = 'RUNNING' for update\
            """)
                .param("id", id)
                .param("attempt", attempt)
                .param("worker", worker)
                .query(Integer.class)
                .optional()
                .isPresent();
    }

    /** Writes down the stages that a running evaluation has entered; its row is locked. */
    void stages(UUID id, List<Stage> entered) {
        sql.sql("update evaluation set stage = :stage where id = :id")
                .param("stage", entered.getLast().name())
                .param("id", id)
                .update();
        stageEvents(id, entered);
    }

    void stageEvents(UUID id, List<Stage> entered) {
        stageEvents(id, entered, null);
    }

    /** The stages that were entered and then, unless it is null, the state in which the evaluation ended. */
    void stageEvents(UUID id, List<Stage> entered, @Nullable State ended) {
        sql.sql("""
            insert into evaluation_event (evaluation_id, at, state, stage)
            select :id, coalesce(t.at, clock_timestamp()), t.state, t.stage
            from unnest(:at::timestamptz[], :states::text[], :stages::text[])
                with ordinality as t (at, state, stage, number)
            order by t.number\
            """)
                .param("id", id)
                .param("at", times(entered, ended))
                .param("states", states(entered, ended))
                .param("stages", stages(entered, ended))
                .update();
    }

    private static Timestamp[] times(List<Stage> entered, @Nullable State ended) {
        return Stream.concat(
                        entered.stream().map(stage -> Timestamp.from(stage.at())),
                        ended == null ? Stream.empty() : Stream.of((Timestamp) null))
                .toArray(Timestamp[]::new);
    }

    private static String[] states(List<Stage> entered, @Nullable State ended) {
        return Stream.concat(
                        entered.stream().map(stage -> State.RUNNING.name()),
                        Stream.ofNullable(ended).map(State::name))
                .toArray(String[]::new);
    }

    private static String[] stages(List<Stage> entered, @Nullable State ended) {
        return Stream.concat(
                        entered.stream().map(Stage::name), ended == null ? Stream.empty() : Stream.of((String) null))
                .toArray(String[]::new);
    }

    /** A stage and when it was entered. */
    record Stage(String name, Instant at) {}

    /** The state of an evaluation, which stays until the transaction ends; empty if there is none. */
    Optional<State> locked(UUID id) {
        return sql.sql("select state from evaluation where id = :id for update")
                .param("id", id)
                .query(String.class)
                .optional()
                .map(State::valueOf);
    }

    /** QUEUED to CANCELLED; false if it is not queued any more. */
    boolean cancelQueued(UUID id) {
        boolean done = sql.sql("""
            update evaluation set state = 'CANCELLED', finished_at = now(), cancel_requested = true
            where id = :id and state = 'QUEUED'\
            """).param("id", id).update() == 1;
        if (done) {
            event(id, State.CANCELLED, null);
        }
        return done;
    }

    /** Asks whoever runs it to stop; false if nobody does. */
    boolean requestCancel(UUID id) {
        return sql.sql("update evaluation set cancel_requested = true where id = :id and state = 'RUNNING'")
                        .param("id", id)
                        .update()
                == 1;
    }

    List<UUID> cancelRequested(Collection<UUID> running) {
        return sql.sql("""
            select id from evaluation where cancel_requested and state = 'RUNNING' and id = any(:ids)\
            """)
                .param("ids", running.toArray(UUID[]::new))
                .query(UUID.class)
                .list();
    }

    /** Removes a finished evaluation with its result. */
    boolean remove(UUID id) {
        return sql.sql("delete from evaluation where id = :id and state in ('SUCCEEDED', 'FAILED', 'CANCELLED')")
                        .param("id", id)
                        .update()
                == 1;
    }

    /** How many different files are stored. It reads an entry for each of them. */
    long blobs() {
        return sql.sql("select count(*) from blob where condition = 'STORED'")
                .query(Long.class)
                .single();
    }

    /**
     * How many evaluations are queued and running, how old the oldest queued one is, and when the last backup was finished.
     *
     * @param backedUpAt in seconds since 1970; 0 for never
     */
    record Load(long queued, long running, double oldestQueuedSeconds, double backedUpAt) {}

    Load load() {
        return sql.sql("""
            select count(*) filter (where state = 'QUEUED'), count(*) filter (where state = 'RUNNING'),
                coalesce(extract(epoch from now() - min(created_at) filter (where state = 'QUEUED')), 0),
                coalesce((select extract(epoch from backed_up_at) from installation), 0)
            from evaluation where state in ('QUEUED', 'RUNNING')\
            """)
                .query((row, number) -> new Load(row.getLong(1), row.getLong(2), row.getDouble(3), row.getDouble(4)))
                .single();
    }

    private static void condition(
            StringBuilder where, Map<String, Object> parameters, String text, String name, @Nullable Object value) {
        if (value != null) {
            where.append(" and ").append(text);
            parameters.put(name, value);
        }
    }

    private static @Nullable Timestamp timestamp(@Nullable Instant instant) {
        return instant == null ? null : Timestamp.from(instant);
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        Timestamp timestamp = row.getTimestamp(column);
        return timestamp == null ? null : timestamp.toInstant();
    }

    private Evaluation evaluation(ResultSet row) throws SQLException {
        Array protocols = row.getArray("protocols");
        return new Evaluation(
                row.getObject("id", UUID.class),
                row.getTimestamp("created_at").toInstant(),
                State.valueOf(row.getString("state")),
                row.getString("stage"),
                row.getInt("attempt"),
                row.getBoolean("cancel_requested"),
                instant(row, "started_at"),
                instant(row, "finished_at"),
                new Description(
                        row.getString("case_id"),
                        row.getString("model_name"),
                        row.getString("model_version"),
                        row.getString("site"),
                        labels(row.getString("labels"))),
                Arrays.asList((String[]) protocols.getArray()),
                row.getString("problem"),
                List.of(),
                row.getString("scorecard_sha256"));
    }

    private Map<String, String> labels(String text) {
        Map<String, String> labels = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> label : json.readTree(text).properties()) {
            labels.put(label.getKey(), label.getValue().asString());
        }
        return labels;
    }
}
