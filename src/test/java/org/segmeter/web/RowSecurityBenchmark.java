package org.segmeter.web;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.database.MetricValues;
import org.segmeter.database.Tenant;
import org.segmeter.security.ApiKeys;
import org.segmeter.security.Role;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.FileSystemUtils;

/**
 * What the wall between tenants costs: {@code RowSecurityBenchmark [evaluations of each]}, 100,000 by default, of two tenants, and ten of a
 * third. Prints for each view the median of 20 requests of a large tenant, of the small one, and of the service itself for which every
 * row is there (a request without a login, which pays for no policy), and the plans of the queries behind the lists.
 */
public final class RowSecurityBenchmark {

    private static final int REQUESTS = 20;
    private static final List<String> VIEWS = List.of(
            "/api/v1/evaluations?limit=50",
            "/api/v1/evaluations?limit=50&model=model-1",
            "/api/v1/evaluations?limit=50&case=case-77",
            "/api/v1/evaluations?limit=50&state=FAILED",
            "/api/v1/pairs?limit=50",
            "/api/v1/results?metric=dice&limit=50",
            "/api/v1/aggregates?metric=dice&groupBy=model&stat=mean",
            "/api/v1/models",
            "/dicom-web/studies?limit=50");

    private RowSecurityBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int evaluations = arguments.length == 0 ? 100_000 : Integer.parseInt(arguments[0]);
        Path directory = Files.createTempDirectory("segmeter-benchmark");
        Map<String, double[]> guarded = new LinkedHashMap<>();
        Service service = Service.start(
                directory,
                "--segmeter.security.api-key=the-first-key-of-this-installation-0123456789",
                "--segmeter.security.requests-per-minute=0");
        for (String tenant : List.of("north", "small", "south")) {
            try (Tenant.Binding ignored = Tenant.bind(tenant)) {
                fill(service.bean(JdbcClient.class), tenant, tenant.equals("small") ? 10 : evaluations);
            }
        }
        for (String tenant : List.of("north", "small")) {
            String key;
            try (Tenant.Binding ignored = Tenant.bind(tenant)) {
                key = service.bean(ApiKeys.class)
                        .create("of the benchmark", EnumSet.of(Role.ADMINISTER), null)
                        .token();
            }
            for (String view : VIEWS) {
                guarded.put(tenant + " " + view, times(service.port(), view, key));
            }
            for (String view : List.of("", "and e.model_name = 'model-1' ")) {
                try (Tenant.Binding ignored = Tenant.bind(tenant)) {
                    System.out.println("-- list of " + tenant + " " + view);
                    service.bean(JdbcClient.class)
                            .sql("explain (analyze, costs off, timing off) select e.id from evaluation e where"
                                    + " e.tenant = '"
                                    + tenant + "' " + view + "order by e.created_at desc, e.id desc limit 50")
                            .query(String.class)
                            .list()
                            .forEach(System.out::println);
                }
            }
        }
        service.stop();
        service = Service.start(directory);
        System.out.printf(
                "%n%d evaluations of each of two tenants, 10 of a third; median of %d requests in ms%n",
                evaluations, REQUESTS);
        System.out.printf("%-60s %10s %10s %10s%n", "view", "large", "small", "no policy");
        for (String view : VIEWS) {
            double[] free = times(service.port(), view, null);
            System.out.printf(
                    "%-60s %10.1f %10.1f %10.1f%n",
                    view, median(guarded.get("north " + view)), median(guarded.get("small " + view)), median(free));
        }
        service.stop();
        FileSystemUtils.deleteRecursively(directory);
    }

    private static double median(double[] ms) {
        double[] sorted = ms.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double[] times(int port, String view, @org.jspecify.annotations.Nullable String key)
            throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        double[] ms = new double[REQUESTS];
        for (int i = -3; i < REQUESTS; i++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + view));
            if (key != null) {
                request.header("Authorization", "Bearer " + key);
            }
            long start = System.nanoTime();
            HttpResponse<byte[]> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            if (i >= 0) {
                ms[i] = (System.nanoTime() - start) / 1e6;
            }
            if (answer.statusCode() != 200 && answer.statusCode() != 204) {
                throw new IllegalStateException(new String(answer.body(), StandardCharsets.UTF_8));
            }
        }
        return ms;
    }

    /** Evaluations with a scorecard each and three structures. */
    private static void fill(JdbcClient sql, String tenant, int evaluations) {
        sql.sql("""
            insert into evaluation (id, created_at, started_at, finished_at, state, case_id, model_name, model_version, site, labels, protocols)
            select gen_random_uuid(), t, t, t, case when i % 50 = 49 then 'FAILED' else 'SUCCEEDED' end, 'case-' || (i / 6),
                'model-' || (i % 3), (1 + i / 3 % 2)::text, 'site-' || (i % 5), '{}', array['segmeter@1']
            from generate_series(0, :n - 1) i, lateral (select timestamptz '2026-01-02Z' + i * interval '1 minute' as t) at\
            """).param("n", evaluations).update();
        sql.sql("""
            insert into scorecard (evaluation_id, attempt, content, sha256, protocol, protocol_sha256, engine_version, engine_commit, tenant)
            select id, 1, '{}', encode(sha256('{}'), 'hex'), 'segmeter@1', repeat('0', 64), '0', '0', tenant
            from evaluation where state = 'SUCCEEDED' and tenant = :tenant\
            """).param("tenant", tenant).update();
        values(sql, tenant);
        sql.sql("analyze").update();
    }

    private static void values(JdbcClient sql, String tenant) {
        sql.sql(MetricValues.stored("""
            select e.id as evaluation_id, s as segment_index, s + 1 as segment_number, 'structure-' || s as segment_label, m as metric,
                '{}' as parameters, 0.8 + 0.19 * random() as value, '1' as unit, 'OK' as state
            from evaluation e, generate_series(0, 2) s, unnest(array['dice', 'jaccard', 'hd95']) m
            where e.state = 'SUCCEEDED' and e.tenant = :tenant\
            """)).param("tenant", tenant).update();
    }
}
