package org.segmeter.analytics;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The models that have been evaluated, as their senders called them. */
@Component
public final class Models {

    /** Evaluations of a version, the newest, in which structures are looked for. */
    private static final int LOOKED_AT = 25;

    private final JdbcClient sql;

    Models(JdbcClient sql) {
        this.sql = sql;
    }

    /**
     * A version of a model.
     *
     * @param version null for evaluations that named none
     * @param evaluations all of them, however they ended
     * @param cases different cases
     * @param firstAt when the first evaluation was submitted
     * @param lastAt when the last one was
     * @param structures of its newest scorecards, in the order of their names
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Version(
            @Nullable String version,
            long evaluations,
            long succeeded,
            long failed,
            long cases,
            Instant firstAt,
            Instant lastAt,
            List<String> structures) {}

    /** A model with its versions, that which was first seen first. */
    public record Model(String name, List<Version> versions) {}

    /** @param next the last name, if there are more; null on the last page */
    public record Page(List<Model> models, @Nullable String next) {}

    private record Row(String name, Version version) {}

    /**
     * Models in the order of their names.
     *
     * @param name of the only one that is wanted; null for all
     * @param after the last name of the page before; null for the first page
     */
    public Page list(@Nullable String name, @Nullable String after, int limit) {
        List<String> names = sql.sql("""
            select distinct model_name from evaluation
            where model_name is not null and (:name::text is null or model_name = :name)
                and (:after::text is null or model_name > :after)
            order by 1 limit :limit\
            """)
                .param("name", name)
                .param("after", after)
                .param("limit", limit + 1)
                .query(String.class)
                .list();
        boolean more = names.size() > limit;
        List<String> shown = more ? names.subList(0, limit) : names;
        Map<String, List<Version>> versions = new LinkedHashMap<>();
        for (Row row : rows(shown)) {
            versions.computeIfAbsent(row.name(), unused -> new ArrayList<>()).add(row.version());
        }
        return new Page(
                versions.entrySet().stream()
                        .map(model -> new Model(model.getKey(), model.getValue()))
                        .toList(),
                more ? shown.getLast() : null);
    }

    private List<Row> rows(List<String> names) {
        return sql.sql("select m.*, array(select distinct " + Dimension.STRUCTURE.sql() + """
             from (select id from evaluation
                where model_name = m.model_name and model_version is not distinct from m.model_version and state = 'SUCCEEDED'
                order by created_at desc, id desc limit :looked) e
            join metric_value v on v.evaluation_id = e.id where v.segment_index >= 0 order by 1)
            from (select model_name, model_version, count(*), count(*) filter (where state = 'SUCCEEDED'),
                    count(*) filter (where state = 'FAILED'), count(distinct case_id), min(created_at), max(created_at)
                from evaluation where model_name = any(:names) group by 1, 2) m (model_name, model_version, n, succeeded, failed, cases, first, last)
            order by m.model_name, m.first, m.model_version\
            """)
                .param("looked", LOOKED_AT)
                .param("names", names.toArray(String[]::new))
                .query((row, number) -> new Row(
                        row.getString(1),
                        new Version(
                                row.getString(2),
                                row.getLong(3),
                                row.getLong(4),
                                row.getLong(5),
                                row.getLong(6),
                                row.getTimestamp(7).toInstant(),
                                row.getTimestamp(8).toInstant(),
                                List.of((String[]) row.getArray(9).getArray()))))
                .list();
    }
}
