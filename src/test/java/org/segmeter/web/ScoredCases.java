package org.segmeter.web;

import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.segmeter.database.MetricValues;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** Puts finished evaluations into the database as the service would have, without scoring anything. */
final class ScoredCases {

    private static final String CARD =
            "{\"geometry\" : { \"evaluationGrid\" : [ 30, 40, 120 ], \"spacingMm\" : [ 1.0, 1.0, 1.0 ] }}";

    private final JdbcClient sql;

    ScoredCases(JdbcClient sql) {
        this.sql = sql;
    }

    /** A value of a case; without one the state says why. */
    record Value(
            int index,
            @Nullable String structure,
            String metric,
            String parameters,
            @Nullable Double value,
            String state) {
        static Value of(int index, String structure, String metric, double value) {
            return new Value(index, structure, metric, "{}", value, "OK");
        }

        static Value without(int index, String structure, String metric, @Nullable Double value, String state) {
            return new Value(index, structure, metric, "{}", value, state);
        }
    }

    UUID failed(String model, String version, String caseId, Instant at) {
        UUID id = UUID.randomUUID();
        evaluation(id, "FAILED", model, version, caseId, "north", Map.of(), at);
        return id;
    }

    UUID scored(
            String model,
            @Nullable String version,
            @Nullable String caseId,
            String site,
            Map<String, String> labels,
            Instant at,
            List<Value> values) {
        UUID id = UUID.randomUUID();
        evaluation(id, "SUCCEEDED", model, version, caseId, site, labels, at);
        List<Integer> indices = new ArrayList<>();
        List<@Nullable String> structures = new ArrayList<>();
        List<String> metrics = new ArrayList<>();
        List<String> parameters = new ArrayList<>();
        List<@Nullable Double> numbers = new ArrayList<>();
        List<String> states = new ArrayList<>();
        for (Value value : values) {
            indices.add(value.index());
            structures.add(value.structure());
            metrics.add(value.metric());
            parameters.add(value.parameters());
            numbers.add(value.value());
            states.add(value.state());
        }
        sql.sql(MetricValues.stored("""
            select :id::uuid as evaluation_id, i as segment_index, case when i >= 0 then i + 1 end as segment_number,
                l as segment_label, m as metric, p as parameters, v as value,
                case when m like 'h%' then 'mm' when m like 'volume%' then 'ml' else '1' end as unit, s as state
            from unnest(:i::integer[], :l::text[], :m::text[], :p::text[], :v::float8[], :s::text[]) as t (i, l, m, p, v, s)\
            """))
                .param("id", id)
                .param("i", indices.toArray(Integer[]::new))
                .param("l", structures.toArray(String[]::new))
                .param("m", metrics.toArray(String[]::new))
                .param("p", parameters.toArray(String[]::new))
                .param("v", numbers.toArray(Double[]::new))
                .param("s", states.toArray(String[]::new))
                .update();
        // Last: a scorecard comes with all of its values.
        sql.sql("""
            insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256, engine_version, engine_commit)
            values (:id, 1, :content, encode(sha256(convert_to(:content, 'UTF8')), 'hex'), 'segmeter@1', repeat('0', 64), '0', '0')\
            """).param("id", id).param("content", CARD).update();
        return id;
    }

    private void evaluation(
            UUID id,
            String state,
            String model,
            @Nullable String version,
            @Nullable String caseId,
            String site,
            Map<String, String> labels,
            Instant at) {
        sql.sql("""
            insert into evaluation (id, created_at, started_at, finished_at, state, case_id, model_name, model_version, site, labels, protocols)
            values (:id, :at, :at, :at, :state, :case, :model, :version, :site, :labels::jsonb, array['segmeter@1'])\
            """)
                .param("id", id)
                .param("at", Timestamp.from(at))
                .param("state", state)
                .param("case", caseId)
                .param("model", model)
                .param("version", version)
                .param("site", site)
                .param("labels", new JsonMapper().writeValueAsString(new LinkedHashMap<>(labels)))
                .update();
    }
}
