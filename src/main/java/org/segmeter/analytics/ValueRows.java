package org.segmeter.analytics;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.Tenant;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * All SQL about values of scorecards, by the view metric_value: it has a row for each, although all values of a segment are kept in one. Which place
 * in it is the metric's that was asked for is found first, in a table with few rows; the evaluations are joined by their key or, when there are
 * many, by a hash. Pages of results follow evaluation_by_time and the key of segment_values.
 */
@Component
final class ValueRows {

    private static final double[] NONE = {};

    /** Metrics whose sums {@link #counts} gives. */
    static final List<String> COUNTS = List.of("tp", "fp", "fn");

    private final JdbcClient sql;

    ValueRows(JdbcClient sql) {
        this.sql = sql;
    }

    /**
     * The values of a group.
     *
     * @param key of the dimensions asked for, in their order; an element is null where the sender said nothing
     * @param detected values where both sides have voxels
     * @param oneEmpty values where one side has none, such as a Dice of 0
     * @param misses only the reference has voxels
     * @param hallucinations only the prediction has
     * @param agreedAbsent neither has
     * @param notScored no value for another reason
     */
    record Group(
            List<@Nullable String> key,
            String parameters,
            String unit,
            double[] detected,
            double[] oneEmpty,
            long misses,
            long hallucinations,
            long agreedAbsent,
            long notScored) {}

    List<Group> groups(ResultFilter filter, List<Dimension> by) {
        Condition where = condition(filter, true);
        String keys = by.stream().map(d -> d.sql() + ", ").collect(Collectors.joining());
        String text = "select " + keys + """
            v.parameters, min(v.unit),
            array_agg(v.value) filter (where v.state = 'OK' and v.value is not null),
            array_agg(v.value) filter (where v.state in ('PREDICTION_EMPTY', 'REFERENCE_EMPTY') and v.value is not null),
            count(*) filter (where v.state = 'PREDICTION_EMPTY'), count(*) filter (where v.state = 'REFERENCE_EMPTY'),
            count(*) filter (where v.state = 'BOTH_EMPTY'),
            count(*) filter (where v.state in ('NOT_APPLICABLE', 'NOT_SCORED') or v.state = 'OK' and v.value is null)
            from metric_value v join evaluation e on e.id = v.evaluation_id where \
            """ + where.text + " group by " + keys + "v.parameters";
        int n = by.size();
        return sql.sql(text)
                .params(where.parameters)
                .query((row, number) -> new Group(
                        key(row, n),
                        row.getString(n + 1),
                        row.getString(n + 2),
                        doubles(row.getArray(n + 3)),
                        doubles(row.getArray(n + 4)),
                        row.getLong(n + 5),
                        row.getLong(n + 6),
                        row.getLong(n + 7),
                        row.getLong(n + 8)))
                .list();
    }

    /**
     * The evaluation grid of a result that has no value because one side is empty.
     *
     * @param diagonal in mm; NaN if the scorecard does not say
     */
    record Missing(List<@Nullable String> key, String parameters, double diagonal) {}

    /** Number of voxels and spacing of the evaluation grid of scorecard s. */
    private static final String GRID = """
        substring(s.content from '"evaluationGrid"\\s*:\\s*\\[([^\\]]*)\\]'),
        substring(s.content from '"spacingMm"\\s*:\\s*\\[([^\\]]*)\\]') \
        """;

    /** Diagonals of the evaluation grids of results, in mm. */
    Map<UUID, Double> diagonals(List<UUID> evaluations) {
        Map<UUID, Double> diagonals = new LinkedHashMap<>();
        sql.sql("select " + GRID + ", s.evaluation_id from scorecard s where s.evaluation_id = any(:some)")
                .param("some", evaluations.toArray(UUID[]::new))
                .query(row -> {
                    diagonals.put(row.getObject(3, UUID.class), diagonal(row, 1));
                });
        return diagonals;
    }

    private static double diagonal(ResultSet row, int column) throws SQLException {
        return Aggregates.diagonal(
                Objects.requireNonNullElse(row.getString(column), ""),
                Objects.requireNonNullElse(row.getString(column + 1), ""));
    }

    /** @param most to look at */
    List<Missing> missing(ResultFilter filter, List<Dimension> by, int most) {
        Condition where = condition(filter, true);
        String keys = by.stream().map(d -> d.sql() + ", ").collect(Collectors.joining());
        int n = by.size();
        return sql.sql("select " + keys + "v.parameters, " + GRID + """
            from metric_value v join evaluation e on e.id = v.evaluation_id
                join scorecard s on s.evaluation_id = v.evaluation_id
            where v.state in ('PREDICTION_EMPTY', 'REFERENCE_EMPTY') and v.value is null and \
            """ + where.text + " limit " + most)
                .params(where.parameters)
                .query((row, number) -> new Missing(key(row, n), row.getString(n + 1), diagonal(row, n + 2)))
                .list();
    }

    /** Sums of true positives, false positives and false negatives of the groups. */
    Map<List<@Nullable String>, double[]> counts(ResultFilter filter, List<Dimension> by) {
        Map<List<@Nullable String>, double[]> sums = new LinkedHashMap<>();
        for (int i = 0; i < COUNTS.size(); i++) {
            Condition where = condition(filter.ofMetric(COUNTS.get(i)), true);
            String keys = by.stream().map(d -> d.sql() + ", ").collect(Collectors.joining());
            int at = i;
            int n = by.size();
            sql.sql("select " + keys
                            + " sum(v.value) from metric_value v join evaluation e on e.id = v.evaluation_id where "
                            + where.text
                            + (n == 0
                                    ? ""
                                    : " group by "
                                            + by.stream().map(Dimension::sql).collect(Collectors.joining(", "))))
                    .params(where.parameters)
                    .query((row, number) -> {
                        sums.computeIfAbsent(key(row, n), unused -> new double[3])[at] = row.getDouble(n + 1);
                        return number;
                    })
                    .list();
        }
        return sums;
    }

    /** How many evaluations of each key ended in a state; dimensions of values are null in the keys. */
    Map<List<@Nullable String>, Long> evaluations(ResultFilter filter, List<Dimension> by, String state) {
        Condition where = condition(filter, false);
        String keys = by.stream()
                .map(d -> d == Dimension.STRUCTURE ? "null::text, " : d.sql() + ", ")
                .collect(Collectors.joining());
        String groups = by.stream()
                .filter(d -> d != Dimension.STRUCTURE)
                .map(Dimension::sql)
                .collect(Collectors.joining(", "));
        Map<List<@Nullable String>, Long> found = new LinkedHashMap<>();
        int n = by.size();
        sql.sql("select " + keys + "count(*) from evaluation e where e.state = '" + state + "' and " + where.text
                        + (groups.isEmpty() ? "" : " group by " + groups))
                .params(where.parameters)
                .query((row, number) -> {
                    found.put(key(row, n), row.getLong(n + 1));
                    return number;
                })
                .list();
        return found;
    }

    /** Whether any evaluation that matches waits or runs. */
    boolean isUnfinished(ResultFilter filter) {
        Condition where = condition(filter, false);
        return sql.sql("select exists (select 1 from evaluation e where e.state in ('QUEUED', 'RUNNING') and "
                        + where.text + ")")
                .params(where.parameters)
                .query(Boolean.class)
                .single();
    }

    /** Different protocols of the evaluations that match. */
    List<String> protocols(ResultFilter filter) {
        Condition where = condition(filter, false);
        if (where.parameters.isEmpty()) {
            // From one to the next in their index, not through all evaluations.
            return sql.sql("""
                with recursive found (protocol) as (
                    (select e.protocols[1] from evaluation e where e.state = 'SUCCEEDED' order by 1 limit 1)
                    union all
                    select (select e.protocols[1] from evaluation e where e.state = 'SUCCEEDED' and e.protocols[1] > found.protocol
                        order by 1 limit 1)
                    from found where found.protocol is not null)
                select protocol from found where protocol is not null limit 20\
                """).query(String.class).list();
        }
        return sql.sql("select distinct e.protocols[1] from evaluation e where e.state = 'SUCCEEDED' and " + where.text
                        + " order by 1 limit 20")
                .params(where.parameters)
                .query(String.class)
                .list();
    }

    /**
     * One value with the case it belongs to.
     *
     * @param value null if the state gives none
     */
    record CaseValue(
            UUID evaluation,
            @Nullable String caseId,
            @Nullable String model,
            @Nullable String version,
            String structure,
            String parameters,
            String unit,
            @Nullable Double value,
            String state,
            Instant at) {}

    /** Of each model, version, case, structure and set of parameters the newest value; results without a case are left out. */
    List<CaseValue> newest(ResultFilter filter) {
        Condition where = condition(filter, true);
        return sql.sql("select distinct on (e.model_name, e.model_version, e.case_id, " + Dimension.STRUCTURE.sql()
                        + ", v.parameters) " + CASE_VALUE + " and e.case_id is not null and " + where.text
                        + " order by e.model_name, e.model_version, e.case_id, " + Dimension.STRUCTURE.sql()
                        + ", v.parameters, e.created_at desc, e.id desc, v.segment_index")
                .params(where.parameters)
                .query((row, number) -> caseValue(row))
                .list();
    }

    /** What the values of a metric are told apart by, beside their cases. */
    record Measurand(String structure, String parameters) {

        /** By what they are put in order. */
        String order() {
            return structure + "\0" + parameters;
        }
    }

    /** The newest value of each case: also where a filter without a version has those of several. */
    Map<Measurand, Map<String, CaseValue>> newestOfCases(ResultFilter filter) {
        Map<Measurand, Map<String, CaseValue>> found = new HashMap<>();
        for (CaseValue value : newest(filter)) {
            String caseId = value.caseId();
            if (caseId != null) {
                found.computeIfAbsent(
                                new Measurand(value.structure(), value.parameters()), unused -> new LinkedHashMap<>())
                        .merge(caseId, value, (x, y) -> y.at().isAfter(x.at()) ? y : x);
            }
        }
        return found;
    }

    /** In the order of submission. */
    List<CaseValue> series(ResultFilter filter) {
        Condition where = condition(filter, true);
        return sql.sql("select " + CASE_VALUE + " and " + where.text + " order by e.created_at, e.id, v.segment_index")
                .params(where.parameters)
                .query((row, number) -> caseValue(row))
                .list();
    }

    private static final String CASE_VALUE = "e.id, e.case_id, e.model_name, e.model_version, "
            + Dimension.STRUCTURE.sql()
            + ", v.parameters, v.unit, v.value, v.state, e.created_at"
            + " from metric_value v join evaluation e on e.id = v.evaluation_id where true";

    private static CaseValue caseValue(ResultSet row) throws SQLException {
        double value = row.getDouble(8);
        return new CaseValue(
                row.getObject(1, UUID.class),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.wasNull() ? null : value,
                row.getString(9),
                row.getTimestamp(10).toInstant());
    }

    private static final String RESULT = "select e.id, e.created_at, e.case_id, e.model_name, e.model_version, e.site, "
            + Dimension.SCANNER.sql() + ", " + Dimension.READER.sql() + ", "
            + Dimension.STRUCTURE.sql()
            + ", v.segment_number, v.metric, v.parameters, v.value, v.unit, v.state, e.protocols[1], v.segment_index"
            + " from evaluation e join metric_value v on v.evaluation_id = e.id where ";

    /** A place in the rows: newest evaluation first, then by segment, metric and parameters. */
    record Position(Instant at, UUID evaluation, int segmentIndex, String metric, String parameters) {}

    /** @param limit most to return */
    List<ResultRow> page(ResultFilter filter, @Nullable Position after, int limit) {
        Condition where = condition(filter, true);
        if (after != null) {
            where.text.append("""
                 and (e.created_at, e.id) <= (:afterTime, :afterId)
                and ((e.created_at, e.id) < (:afterTime, :afterId)
                    or (v.segment_index, v.metric collate "C", v.parameters collate "C")
                        > (:afterSegment, :afterMetric, :afterParameters))\
                """);
            where.parameters.put("afterTime", Timestamp.from(after.at()));
            where.parameters.put("afterId", after.evaluation());
            where.parameters.put("afterSegment", after.segmentIndex());
            where.parameters.put("afterMetric", after.metric());
            where.parameters.put("afterParameters", after.parameters());
        }
        where.parameters.put("limit", limit);
        return sql.sql(RESULT + where.text + ORDER + " limit :limit")
                .params(where.parameters)
                .query((row, number) -> result(row))
                .list();
    }

    private static final String ORDER =
            " order by e.created_at desc, e.id desc, v.segment_index, v.metric collate \"C\", v.parameters collate"
                    + " \"C\"";

    /** All of them, at flat memory: the caller holds a transaction open and the driver fetches some at a time. */
    void all(ResultFilter filter, int fetch, Consumer<ResultRow> row) {
        Condition where = condition(filter, true);
        JdbcClient.StatementSpec statement =
                sql.sql(RESULT + where.text + ORDER).params(where.parameters).withFetchSize(fetch);
        try (Stream<ResultRow> rows = statement.query((found, number) -> result(found)).stream()) {
            rows.forEach(row);
        }
    }

    static @Nullable Integer integer(ResultSet row, int column) throws SQLException {
        int number = row.getInt(column);
        return row.wasNull() ? null : (Integer) number;
    }

    static @Nullable Double number(ResultSet row, int column) throws SQLException {
        double number = row.getDouble(column);
        return row.wasNull() ? null : (Double) number;
    }

    private static ResultRow result(ResultSet row) throws SQLException {
        Integer segment = integer(row, 10);
        Double known = number(row, 13);
        return new ResultRow(
                row.getObject(1, UUID.class),
                row.getTimestamp(2).toInstant(),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getString(8),
                row.getString(9),
                segment,
                row.getString(11),
                row.getString(12),
                known,
                row.getString(14),
                row.getString(15),
                row.getString(16),
                row.getInt(17));
    }

    /**
     * Tenants, models and versions with scorecards written after a time, by the database's clock. Evaluations of a demonstration come in
     * no order and get their times afterwards: they count when its batch is over.
     */
    List<List<@Nullable String>> changedModels(Instant after) {
        // Asked every few seconds. The time stands in the statement and each evaluation is looked up by itself: so it
        // is seen that few
        // are meant, and the table is not gone through.
        return sql.sql("""
            select e.tenant, e.model_name, e.model_version from scorecard s cross join lateral (
                select * from evaluation one where one.id = s.evaluation_id offset 0) e
            where s.created_at > '%1$s' and e.model_name is not null and not exists (
                select from batch_item i join batch b on b.id = i.batch_id
                where i.evaluation_id = e.id and b.demo and b.finished_at is null)
            union
            select e.tenant, e.model_name, e.model_version
            from batch b join batch_item i on i.batch_id = b.id cross join lateral (
                select * from evaluation one where one.id = i.evaluation_id offset 0) e
            where b.demo and b.finished_at > '%1$s' and e.model_name is not null
            order by 1, 2, 3\
            """.formatted(after)).query((row, number) -> key(row, 3)).list();
    }

    /** The evaluation of a model's version whose scorecard was written last; null if there is none. */
    @Nullable
    UUID newestScorecard(@Nullable String model, @Nullable String version) {
        return sql.sql("""
            select s.evaluation_id from scorecard s join evaluation e on e.id = s.evaluation_id
            where e.model_name = :model and e.model_version is not distinct from :version::text
                and s.created_at > now() - interval '1 hour'
            order by s.created_at desc, s.evaluation_id limit 1\
            """)
                .param("model", model)
                .param("version", version)
                .query(UUID.class)
                .optional()
                .orElse(null);
    }

    private static final class Condition {
        final StringBuilder text = new StringBuilder();
        final Map<String, Object> parameters = new LinkedHashMap<>();
    }

    /** @param values whether metric_value is there to be asked, too */
    private static Condition condition(ResultFilter filter, boolean values) {
        Condition where = new Condition();
        where.text.append("true");
        String tenant = Tenant.bound();
        if (tenant != null) {
            // The wall asks for the same in a form that no index knows.
            where.text.append(" and e.tenant = :tenant");
            where.parameters.put("tenant", tenant);
        }
        filter.equal().forEach((dimension, value) -> {
            if (dimension == Dimension.STRUCTURE) {
                if (values) {
                    structure(where, value);
                }
            } else {
                where.text
                        .append(" and ")
                        .append(dimension.sql())
                        .append(" = :")
                        .append(dimension.word());
                where.parameters.put(dimension.word(), value);
            }
        });
        if (values) {
            if (filter.metric() != null) {
                where.text.append(" and v.metric = :metric");
                where.parameters.put("metric", filter.metric());
                if (filter.value(Dimension.STRUCTURE) == null) {
                    where.text.append(" and v.segment_index >= 0");
                }
            }
            if (filter.parameters() != null) {
                where.text.append(" and v.parameters::jsonb = :parameters::jsonb");
                where.parameters.put("parameters", filter.parameters());
            }
        }
        if (filter.from() != null) {
            where.text.append(" and e.created_at >= :from");
            where.parameters.put("from", Timestamp.from(filter.from()));
        }
        if (filter.to() != null) {
            where.text.append(" and e.created_at < :to");
            where.parameters.put("to", Timestamp.from(filter.to()));
        }
        if (filter.batch() != null) {
            where.text.append(" and e.id in (select i.evaluation_id from batch_item i where i.batch_id = :batch)");
            where.parameters.put("batch", filter.batch());
        }
        if (filter.evaluations() != null) {
            where.text.append(" and e.id = any(:evaluations)");
            where.parameters.put("evaluations", filter.evaluations().toArray(UUID[]::new));
        }
        return where;
    }

    private static void structure(Condition where, String value) {
        if (value.equals("*")) {
            // It has no label; said here because the indexes know of labels.
            where.text.append(" and v.segment_index = -1 and v.segment_label is null");
        } else if (value.matches("#[0-9]{1,9}")) {
            where.text.append(" and v.segment_label is null and v.segment_number = :structure");
            where.parameters.put("structure", Integer.parseInt(value.substring(1)));
        } else {
            where.text.append(" and v.segment_label = :structure");
            where.parameters.put("structure", value);
        }
    }

    private static List<@Nullable String> key(ResultSet row, int n) throws SQLException {
        List<@Nullable String> key = new ArrayList<>(n);
        for (int i = 1; i <= n; i++) {
            key.add(row.getString(i));
        }
        return java.util.Collections.unmodifiableList(key);
    }

    private static double[] doubles(@Nullable Array array) throws SQLException {
        return array == null
                ? NONE
                : Arrays.stream((Double[]) array.getArray())
                        .mapToDouble(Double::doubleValue)
                        .toArray();
    }
}
