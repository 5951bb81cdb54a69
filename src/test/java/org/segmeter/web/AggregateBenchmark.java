package org.segmeter.web;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.segmeter.database.MetricValues;
import org.segmeter.database.TestPostgres;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.FileSystemUtils;

/**
 * First views of many results: {@code AggregateBenchmark [values]}, 1,000,000 by default, of four structures with 33 metrics each, three
 * models, two versions. Prints percentiles of the time of each view over 100 requests that differ, and the plan of the query behind
 * it; and what a scorecard's values cost to write.
 */
public final class AggregateBenchmark {

    private static final int REQUESTS = 100;
    private static final int STARTS = 3;

    private AggregateBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int values = arguments.length == 0 ? 1_000_000 : Integer.parseInt(arguments[0]);
        Path directory = Files.createTempDirectory("segmeter-benchmark");
        // A database of its own, whose owner the service is: rows are deleted below.
        TestPostgres database = TestPostgres.start(directory.resolve("database"));
        Service service = Service.start(
                directory.resolve("service"),
                database.settings(database.port(), "").toArray(String[]::new));
        JdbcClient sql = service.bean(JdbcClient.class);
        int evaluations = values / 132;
        fill(sql, evaluations);
        System.out.printf(
                "%d evaluations, %d values%n",
                evaluations,
                sql.sql("select count(*) from metric_value").query(Long.class).single());
        HttpClient http = HttpClient.newHttpClient();
        String overview = "/api/v1/aggregates?metric=dice&groupBy=model,structure&stat=mean,median,quantiles";
        System.out.printf("first view after all were added at once: %.0f ms%n", ms(http, service, overview));
        for (int start = 0; start < STARTS; start++) {
            service.stop();
            service = Service.start(
                    directory.resolve("service"),
                    database.settings(database.port(), "").toArray(String[]::new));
            System.out.printf("first view, as soon as the service is started: %.0f ms%n", ms(http, service, overview));
            System.out.printf(
                    "first view of a metric that nobody asked for, all statistics: %.0f ms%n",
                    ms(http, service, "/api/v1/aggregates?metric=jaccard&groupBy=model,version,structure"));
        }
        sql = service.bean(JdbcClient.class);
        for (String view : List.of(
                overview,
                "/api/v1/aggregates?metric=dice&groupBy=model,version,structure",
                "/api/v1/aggregates?metric=dice&groupBy=month,model&stat=mean",
                "/api/v1/charts?metric=dice&model=model-1",
                "/api/v1/results?metric=dice&limit=200",
                "/api/v1/leaderboards?metric=dice&resamples=0")) {
            double[] ms = new double[REQUESTS];
            for (int i = 0; i < REQUESTS; i++) {
                // Another beginning each time, so that nothing can have been kept.
                String from = "&from=2026-01-01T00:00:%02d.%03dZ".formatted(i % 60, i);
                ms[i] = ms(http, service, view + from);
            }
            double first = ms[0];
            Arrays.sort(ms);
            System.out.printf(
                    "%s: first %.0f ms, p50 %.0f ms, p99 %.0f ms, most %.0f ms%n",
                    view, first, ms[REQUESTS / 2], ms[REQUESTS * 99 / 100 - 1], ms[REQUESTS - 1]);
        }
        sql.sql("""
            explain (analyze, costs off) select e.model_name, v.segment_label, array_agg(v.value) from metric_value v
            join evaluation e on e.id = v.evaluation_id
            where v.metric = 'dice' and v.segment_index >= 0
            group by 1, 2\
            """).query(String.class).list().forEach(System.out::println);
        writes(sql);
        service.stop();
        database.close();
        FileSystemUtils.deleteRecursively(directory);
    }

    private static double ms(HttpClient http, Service service, String view) throws Exception {
        long start = System.nanoTime();
        HttpResponse<byte[]> answer = http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + view))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        double ms = (System.nanoTime() - start) / 1e6;
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8));
        }
        return ms;
    }

    private static void fill(JdbcClient sql, int evaluations) {
        sql.sql("""
            insert into evaluation (id, created_at, started_at, finished_at, state, case_id, model_name, model_version, site, labels, protocols)
            select gen_random_uuid(), t, t, t, 'SUCCEEDED', 'case-' || (i / 6), 'model-' || (i % 3), (1 + i / 3 % 2)::text,
                'site-' || (i % 5), '{}', array['segmeter@1']
            from generate_series(0, :n - 1) i, lateral (select timestamptz '2026-01-02Z' + i * interval '1 minute' as t) at\
            """).param("n", evaluations).update();
        insertValues(sql, "select id from evaluation");
        sql.sql("""
            insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256, engine_version, engine_commit)
            select id, 1, '{}', encode(sha256('{}'), 'hex'), 'segmeter@1', repeat('0', 64), '0', '0' from evaluation\
            """).update();
        sql.sql("vacuum analyze").update();
    }

    private static int insertValues(JdbcClient sql, String ids) {
        return sql.sql(MetricValues.stored("select e.id as evaluation_id, s as segment_index, s + 1 as segment_number,"
                        + " (array['Liver', 'Kidney', 'Spleen', 'Pancreas'])[s + 1] as segment_label, case m when 0 then 'dice'"
                        + " when 1 then 'jaccard' else 'metric_' || m end as metric, '{}' as parameters, case when random() < 0.02"
                        + " then null else 0.8 + 0.2 * random() end as value, '1' as unit, 'OK' as state from (" + ids
                        + ") e, generate_series(0, 3) s, generate_series(0, 32) m"))
                .update();
    }

    /** Values of 1,000 scorecards, without the disk: what they cost. */
    private static void writes(JdbcClient sql) {
        double[] ms = new double[5];
        for (int i = 0; i < ms.length; i++) {
            sql.sql("""
                insert into evaluation (id, state, protocols) select gen_random_uuid(), 'CANCELLED', '{}' from generate_series(1, 1000)\
                """).update();
            sql.sql("""
                insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256, engine_version, engine_commit)
                select id, 1, '{}', encode(sha256('{}'), 'hex'), 'segmeter@1', repeat('0', 64), '0', '0' from evaluation
                where state = 'CANCELLED'\
                """).update();
            long start = System.nanoTime();
            int rows = insertValues(sql, "select id from evaluation where state = 'CANCELLED'");
            ms[i] = (System.nanoTime() - start) / 1e3 / rows;
            sql.sql("delete from evaluation where state = 'CANCELLED'").update();
        }
        Arrays.sort(ms);
        System.out.printf("a segment with 33 values written: %.2f us (median of 5)%n", ms[2]);
    }
}
