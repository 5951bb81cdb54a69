package org.segmeter.batch;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import org.segmeter.evaluation.Description;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The results as the database has them. */
@Component
final class StoredResults implements ResultSource {

    private final JdbcClient sql;
    private final JsonMapper json;

    StoredResults(JdbcClient sql, JsonMapper json) {
        this.sql = sql;
        this.json = json;
    }

    @Override
    public List<Read> page(UUID batch, int after, int most) {
        return sql.sql("""
            select i.number, i.state, i.case_id, i.model_name, i.model_version, i.site, i.labels, i.prediction, i.reference,
                i.prediction_name, i.reference_name, i.evaluation_id, i.problem, s.content
            from (select * from batch_item where batch_id = :id and number > :after order by number limit :page) i
                left join scorecard s on s.evaluation_id = i.evaluation_id
            order by i.number\
            """)
                .param("id", batch)
                .param("after", after)
                .param("page", most)
                .query((row, n) -> read(row))
                .list();
    }

    private Read read(ResultSet row) throws SQLException {
        Map<String, String> labels = new LinkedHashMap<>();
        json.readTree(row.getString("labels"))
                .properties()
                .forEach(label -> labels.put(label.getKey(), label.getValue().asString()));
        String problem = row.getString("problem");
        String card = row.getString("content");
        return new Read(
                row.getInt("number"),
                row.getObject("evaluation_id", UUID.class),
                new ResultItem(
                        new Description(
                                row.getString("case_id"),
                                row.getString("model_name"),
                                row.getString("model_version"),
                                row.getString("site"),
                                labels),
                        name(row, "prediction"),
                        name(row, "reference"),
                        row.getString("state"),
                        problem == null
                                ? ""
                                : json.readTree(problem).path("detail").asString(""),
                        card == null ? null : json.readTree(card)));
    }

    private static String name(ResultSet row, String side) throws SQLException {
        String name = row.getString(side + "_name");
        return name != null
                ? name
                : String.join("|", (String[]) row.getArray(side).getArray());
    }

    @Override
    public List<String> metrics(UUID batch) {
        TreeSet<String> columns = new TreeSet<>();
        sql.sql("""
            select distinct v.metric, v.parameters from batch_item i join metric_value v on v.evaluation_id = i.evaluation_id
            where i.batch_id = :id\
            """).param("id", batch).query(row -> {
            columns.add(CardValue.column(row.getString(1), CardValue.parameters(json.readTree(row.getString(2)))));
        });
        return List.copyOf(columns);
    }

    @Override
    public void ofCases(UUID batch, Described sink) {
        describe(batch, "''", """
            select i.number, v.metric, v.parameters, avg(v.value) as value from batch_item i
                join metric_value v on v.evaluation_id = i.evaluation_id
            where i.batch_id = :id and v.segment_index >= 0 and v.value is not null group by i.number, v.metric, v.parameters\
            """, sink);
    }

    @Override
    public void ofStructures(UUID batch, Described sink) {
        describe(batch, "structure", """
            select coalesce(v.segment_label, v.segment_number::text) as structure, v.metric, v.parameters, v.value from batch_item i
                join metric_value v on v.evaluation_id = i.evaluation_id
            where i.batch_id = :id and v.segment_index >= 0 and v.value is not null\
            """, sink);
    }

    /** Sums are made in an order of their own, so that the last digit does not depend on how the database goes about it. */
    private void describe(UUID batch, String structure, String values, Described sink) {
        sql.sql("select " + structure + """
             as structure, metric, parameters, count(*), avg(value order by value desc), stddev_samp(value order by value desc), min(value),
                percentile_cont(0.25) within group (order by value), percentile_cont(0.5) within group (order by value),
                percentile_cont(0.75) within group (order by value), max(value)
            from (\
            """ + values + ") v group by 1, 2, 3 order by 1, 2, 3")
                .param("id", batch)
                .query(row -> {
                    ObjectNode statistics = json.createObjectNode();
                    statistics.put("count", row.getLong(4));
                    String[] names = {"mean", "std", "min", "25%", "50%", "75%", "max"};
                    for (int i = 0; i < names.length; i++) {
                        double value = row.getDouble(5 + i);
                        if (row.wasNull()) {
                            statistics.putNull(names[i]);
                        } else {
                            statistics.put(names[i], value);
                        }
                    }
                    sink.of(
                            Objects.requireNonNullElse(row.getString(1), ""),
                            CardValue.column(row.getString(2), CardValue.parameters(json.readTree(row.getString(3)))),
                            statistics);
                });
    }
}
