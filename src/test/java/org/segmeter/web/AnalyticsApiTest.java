package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.Interval;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Many results over HTTP: rows, aggregates, comparisons, control charts, alerts. */
class AnalyticsApiTest {

    private static final String A = "stat-net";
    private static final Instant START = Instant.parse("2026-01-05T08:00:00Z");
    private static final int CASES = 50;
    private static final List<Double> LIVER_1 = new ArrayList<>();
    private static final List<Double> LIVER_2 = new ArrayList<>();

    private static Api api;

    @BeforeAll
    static void scored() throws Exception {
        Service service = Service.shared();
        api = service.api();
        ScoredCases cases = new ScoredCases(service.bean(JdbcClient.class));
        Random random = new Random(42);
        for (int i = 0; i < CASES; i++) {
            Instant at = START.plus(Duration.ofDays(i));
            double one = 0.93 + 0.01 * random.nextGaussian();
            double two = one + 0.012 + 0.004 * random.nextGaussian() - (i < 40 ? 0 : 0.08);
            LIVER_1.add(one);
            LIVER_2.add(two);
            cases.scored(
                    A,
                    "1",
                    "case-" + i,
                    i % 2 == 0 ? "north" : "south",
                    Map.of("scanner", "S" + i % 3),
                    at,
                    values(one, i));
            cases.scored(A, "2", "case-" + i, "north", Map.of("reader", "R1"), at.plusSeconds(60), values(two, i));
        }
        cases.failed(A, "1", "case-x", START);
    }

    /** Liver is always there; the kidney is missed, hallucinated or absent in three cases. */
    private static List<ScoredCases.Value> values(double dice, int i) {
        List<ScoredCases.Value> values = new ArrayList<>();
        values.add(ScoredCases.Value.of(0, "Liver", "dice", dice));
        values.add(ScoredCases.Value.of(0, "Liver", "tp", 1000 * (i + 1)));
        values.add(ScoredCases.Value.of(0, "Liver", "fp", 10));
        values.add(ScoredCases.Value.of(0, "Liver", "fn", 20));
        values.add(ScoredCases.Value.of(0, "Liver", "volume_prediction_ml", 1500 + i + 100 * dice));
        values.add(ScoredCases.Value.of(0, "Liver", "volume_reference_ml", 1600 + i));
        values.add(new ScoredCases.Value(0, "Liver", "nsd", "{\"toleranceMm\":1.0}", dice, "OK"));
        values.add(new ScoredCases.Value(0, "Liver", "nsd", "{\"toleranceMm\":2.0}", Math.min(1, dice + .02), "OK"));
        String state = i == 3 ? "PREDICTION_EMPTY" : i == 4 ? "REFERENCE_EMPTY" : i == 5 ? "BOTH_EMPTY" : "OK";
        values.add(ScoredCases.Value.without(
                1, "Kidney", "dice", state.equals("OK") ? (Double) (dice - .1) : i == 5 ? null : (Double) 0.0, state));
        values.add(ScoredCases.Value.without(1, "Kidney", "hd95", state.equals("OK") ? (Double) 4.0 : null, state));
        values.add(new ScoredCases.Value(-1, null, "dice", "{}", dice - .05, "OK"));
        return values;
    }

    private static JsonNode group(JsonNode answer, String... key) {
        for (JsonNode group : answer.path("groups")) {
            boolean all = true;
            for (int i = 0; i < key.length; i += 2) {
                all &= group.path("key").path(key[i]).asString("").equals(key[i + 1]);
            }
            if (all) {
                return group;
            }
        }
        throw new AssertionError("no group " + Arrays.toString(key) + " in " + answer);
    }

    @Test
    void anAggregateShowsWhatIsMissingBesideTheMeans() {
        JsonNode answer = api.get("/api/v1/aggregates?metric=dice&groupBy=model,version,structure&model=" + A)
                .expect(200)
                .json();
        assertThat(answer.path("groups")).hasSize(4);
        assertThat(answer.path("protocols").get(0).asString()).isEqualTo("segmeter@1");

        JsonNode kidney = group(answer, "version", "1", "structure", "Kidney");
        JsonNode counts = kidney.path("counts");
        assertThat(counts.path("cases").asInt()).isEqualTo(CASES + 1);
        assertThat(counts.path("detected").asInt()).isEqualTo(CASES - 3);
        assertThat(counts.path("misses").asInt()).isEqualTo(1);
        assertThat(counts.path("hallucinations").asInt()).isEqualTo(1);
        assertThat(counts.path("agreedAbsent").asInt()).isEqualTo(1);
        assertThat(counts.path("notScored").asInt()).isEqualTo(1);
        assertThat(counts.path("failed").asInt()).isEqualTo(1);
        double detected = kidney.path("detected").path("mean").doubleValue();
        assertThat(kidney.path("penalised").path("mean").doubleValue())
                .isCloseTo(detected * (CASES - 3) / (CASES - 1), within(1e-12));

        JsonNode liver = group(answer, "version", "1", "structure", "Liver");
        double[] values = LIVER_1.stream().mapToDouble(Double::doubleValue).toArray();
        Interval interval = Bootstrap.mean(values, 0.95, Bootstrap.SEED);
        assertThat(liver.path("detected").path("ci95").path("lower").doubleValue())
                .isEqualTo(interval.lower());
        assertThat(liver.path("detected").path("ci95").path("upper").doubleValue())
                .isEqualTo(interval.upper());
        assertThat(liver.path("detected").path("ci95").path("method").asString())
                .isEqualTo("BCA");
        Arrays.sort(values);
        assertThat(liver.path("detected").path("median").doubleValue())
                .isCloseTo((values[24] + values[25]) / 2, within(1e-15));
        assertThat(liver.path("penalised")).isEqualTo(liver.path("detected"));
        double tp = 1000.0 * CASES * (CASES + 1) / 2;
        assertThat(liver.path("pooled").doubleValue()).isCloseTo(2 * tp / (2 * tp + 30.0 * CASES), within(1e-12));
    }

    @Test
    void aDistanceWithoutAValueCountsTheDiagonalOfItsGrid() {
        String query = "/api/v1/aggregates?metric=hd95&stat=mean&groupBy=structure&version=1&model=" + A;
        JsonNode kidney = group(api.get(query).expect(200).json(), "structure", "Kidney");
        assertThat(kidney.path("detected").path("mean").doubleValue()).isEqualTo(4);
        double missing = 2 * 130;
        assertThat(kidney.path("penalised").path("mean").doubleValue())
                .isCloseTo((4 * (CASES - 3) + missing) / (CASES - 1), within(1e-12));
        assertThat(kidney.path("penalised").has("sd")).isFalse();
        JsonNode fixed = group(api.get(query + "&penalty=374").expect(200).json(), "structure", "Kidney");
        assertThat(fixed.path("penalised").path("mean").doubleValue())
                .isCloseTo((4 * (CASES - 3) + 2 * 374.0) / (CASES - 1), within(1e-12));
    }

    @Test
    void parametersOfAMetricAreNeverMixed() {
        JsonNode both = api.get("/api/v1/aggregates?metric=nsd&version=1&model=" + A)
                .expect(200)
                .json();
        assertThat(both.path("groups")).hasSize(2);
        String wanted = URLEncoder.encode("{\"toleranceMm\": 2}", StandardCharsets.UTF_8);
        JsonNode one = api.get("/api/v1/aggregates?metric=nsd&version=1&model=" + A + "&parameters=" + wanted)
                .expect(200)
                .json();
        assertThat(one.path("groups")).hasSize(1);
        assertThat(one.path("groups")
                        .get(0)
                        .path("parameters")
                        .path("toleranceMm")
                        .doubleValue())
                .isEqualTo(2);
    }

    @Test
    void resultsAreGroupedByTimeSiteAndScanner() {
        JsonNode months = api.get(
                        "/api/v1/aggregates?metric=dice&structure=Liver&version=1&stat=mean&groupBy=month&model=" + A)
                .expect(200)
                .json();
        assertThat(group(months, "month", "2026-01")
                        .path("counts")
                        .path("detected")
                        .asInt())
                .isEqualTo(27);
        assertThat(group(months, "month", "2026-02")
                        .path("counts")
                        .path("detected")
                        .asInt())
                .isEqualTo(CASES - 27);
        JsonNode weeks = api.get(
                        "/api/v1/aggregates?metric=dice&structure=Liver&version=1&stat=mean&groupBy=week&model=" + A)
                .expect(200)
                .json();
        assertThat(group(weeks, "week", "2026-W02")
                        .path("counts")
                        .path("detected")
                        .asInt())
                .isEqualTo(7);
        JsonNode scanners = api.get(
                        "/api/v1/aggregates?metric=dice&structure=Liver&version=1&groupBy=scanner,site&stat=p2.5,histogram&model="
                                + A)
                .expect(200)
                .json();
        JsonNode one = group(scanners, "scanner", "S1", "site", "south");
        assertThat(one.path("detected").path("quantiles").has("p2.5")).isTrue();
        int inBins = 0;
        for (JsonNode count : one.path("detected").path("histogram").path("counts")) {
            inBins += count.asInt();
        }
        assertThat(inBins).isEqualTo(one.path("detected").path("n").asInt()).isPositive();
    }

    @Test
    void theSameAggregateIsNotSentTwice() {
        String query = "/api/v1/aggregates?metric=dice&groupBy=structure&model=" + A;
        Api.Answer first = api.get(query).expect(200);
        api.get(query, "If-None-Match", first.header("ETag")).expect(304);
        assertThat(api.get(query + "&seed=5").expect(200).header("ETag")).isNotEqualTo(first.header("ETag"));
    }

    @Test
    void rowsComeInPagesAndWholeAsCsvAndLines() {
        String query = "/api/v1/results?metric=dice&structure=Liver&version=2&model=" + A;
        Set<String> seen = new HashSet<>();
        String next = query + "&limit=20";
        int pages = 0;
        String before = "9";
        while (!next.isEmpty()) {
            Api.Answer page = api.get(next).expect(200);
            for (JsonNode row : page.json().path("results")) {
                assertThat(seen.add(row.path("evaluation").asString())).isTrue();
                assertThat(row.path("submitted").asString()).isLessThan(before);
                before = row.path("submitted").asString();
                assertThat(row.path("reader").asString()).isEqualTo("R1");
            }
            String link = page.header("Link");
            next = link.isEmpty() ? "" : link.substring(1, link.indexOf('>'));
            pages++;
        }
        assertThat(seen).hasSize(CASES);
        assertThat(pages).isEqualTo(3);

        String csv = api.get(query + "&format=csv").expect(200).text();
        assertThat(csv.lines()).hasSize(CASES + 1);
        assertThat(csv)
                .startsWith("evaluation,submitted,case,")
                .contains(",case-7,stat-net,2,north,,R1,Liver,1,dice,,0.9");
        List<String> lines = api.get(query, "Accept", "application/jsonl")
                .expect(200)
                .text()
                .lines()
                .toList();
        assertThat(lines).hasSize(CASES);
        assertThat(Api.JSON.readTree(lines.getFirst()).path("case").asString()).isEqualTo("case-49");
    }

    @Test
    void everyRowOfAnEvaluationIsOnOnePageOrAnother() {
        String next = "/api/v1/results?case=case-3&version=1&limit=3&model=" + A;
        TreeSet<String> rows = new TreeSet<>();
        int all = 0;
        while (!next.isEmpty()) {
            Api.Answer page = api.get(next).expect(200);
            for (JsonNode row : page.json().path("results")) {
                rows.add(row.path("structure").asString() + row.path("metric").asString() + row.path("parameters"));
                all++;
            }
            String link = page.header("Link");
            next = link.isEmpty() ? "" : link.substring(1, link.indexOf('>'));
        }
        assertThat(rows).hasSize(11);
        assertThat(all).isEqualTo(11);
    }

    @Test
    void aFieldOfCsvIsNoFormulaAndNoTwoFields() {
        assertThat(ResultController.field("=1+2")).isEqualTo("'=1+2");
        assertThat(ResultController.field("a,\"b\"")).isEqualTo("\"a,\"\"b\"\"\"");
        assertThat(ResultController.field("plain-1")).isEqualTo("plain-1");
    }

    @Test
    void twoVersionsAreComparedCaseByCase() {
        JsonNode answer = api.postJson("/api/v1/comparisons", """
            {"a": {"model": "stat-net", "version": "2", "to": "2026-02-14T08:00:00Z"},
             "b": {"model": "stat-net", "version": "1"}, "metric": "dice", "margin": 0.01}
            """).expect(200).json();
        JsonNode liver = null;
        for (JsonNode structure : answer.path("structures")) {
            liver = structure.path("structure").asString().equals("Liver") ? structure : liver;
        }
        assertThat(liver).isNotNull();
        assertThat(liver.path("pairs").asInt()).isEqualTo(40);
        assertThat(liver.path("onlyB").asInt()).isEqualTo(CASES - 40);
        assertThat(liver.path("better").asString()).isEqualTo("a");
        assertThat(liver.path("test").path("exact").booleanValue()).isTrue();
        assertThat(liver.path("test").path("adjustedP").doubleValue())
                .isGreaterThanOrEqualTo(liver.path("test").path("p").doubleValue())
                .isLessThan(1e-6);
        assertThat(liver.path("meanDifference").doubleValue()).isCloseTo(0.012, within(0.003));
        assertThat(liver.path("nonInferiority").path("nonInferior").booleanValue())
                .isTrue();
        assertThat(liver.path("minimumDetectableDifference").doubleValue())
                .isCloseTo(2.8016 * liver.path("sdDifference").doubleValue() / Math.sqrt(40), within(1e-5));
        assertThat(liver.path("points")).hasSize(40);
        assertThat(liver.path("volumes").path("between").path("n").asInt()).isEqualTo(40);
        double bias = 100 * liver.path("meanDifference").doubleValue();
        assertThat(liver.path("volumes").path("between").path("bias").doubleValue())
                .isCloseTo(bias, within(1e-6));

        JsonNode swapped = api.postJson("/api/v1/comparisons", """
            {"a": {"model": "stat-net", "version": "1"}, "metric": "dice", "structures": ["Liver"],
             "b": {"model": "stat-net", "version": "2", "to": "2026-02-14T08:00:00Z"}}
            """)
                .expect(200)
                .json()
                .path("structures")
                .get(0);
        assertThat(swapped.path("better").asString()).isEqualTo("b");
        assertThat(swapped.path("test").path("rankBiserial").doubleValue())
                .isEqualTo(-liver.path("test").path("rankBiserial").doubleValue());
    }

    @Test
    void aDriftBreaksRulesOfItsChartAndBecomesAnAlertOnce() throws Exception {
        JsonNode answer = api.get("/api/v1/charts?metric=dice&structure=Liver&model=" + A)
                .expect(200)
                .json();
        assertThat(answer.path("series")).hasSize(2);
        JsonNode steady = answer.path("series").get(0);
        JsonNode drifting = answer.path("series").get(1);
        assertThat(drifting.path("version").asString()).isEqualTo("2");
        assertThat(drifting.path("baseline").path("n").asInt()).isEqualTo(30);
        assertThat(drifting.path("baseline").path("centre").doubleValue())
                .isCloseTo(
                        LIVER_2.subList(0, 30).stream()
                                .mapToDouble(Double::doubleValue)
                                .average()
                                .orElseThrow(),
                        within(1e-12));
        assertThat(drifting.path("points")).hasSize(CASES);
        assertThat(drifting.path("points").get(40).path("rules").get(0).asInt()).isEqualTo(1);
        assertThat(steady.path("violations").size())
                .isLessThan(drifting.path("violations").size());

        JsonNode same = api.get(
                        "/api/v1/charts?metric=dice&structure=Liver&baselineVersion=1&sigma=standard-deviation&rules=1&model="
                                + A)
                .expect(200)
                .json();
        assertThat(same.path("series").get(1).path("baseline").path("version").asString())
                .isEqualTo("1");
        assertThat(same.path("series").get(1).path("baseline").path("centre"))
                .isEqualTo(same.path("series").get(0).path("baseline").path("centre"));

        String list = "/api/v1/alerts?state=OPEN&structure=Liver&version=2&model=" + A;
        long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (api.get(list + "&limit=1000").expect(200).json().path("alerts").size()
                        < drifting.path("violations").size()
                && System.nanoTime() < end) {
            Thread.sleep(200);
        }
        JsonNode alerts = api.get(list + "&limit=1000").expect(200).json().path("alerts");
        assertThat(alerts).hasSameSizeAs(drifting.path("violations"));
        JsonNode alert = alerts.get(0);
        String path = "/api/v1/alerts/" + alert.path("id").asString();
        assertThat(api.get(path).expect(200).json()).isEqualTo(alert);

        String note = "{\"acknowledgedBy\": \"QA\", \"reason\": \"new scanner\"}";
        api.patchJson(path, note).expect(200);
        JsonNode noted = api.patchJson(path, note).expect(200).json();
        assertThat(noted.path("state").asString()).isEqualTo("ACKNOWLEDGED");
        assertThat(noted.path("reason").asString()).isEqualTo("new scanner");
        assertThat(api.patchJson(path, note.replace("QA", "Another"))
                        .expect(409)
                        .problem())
                .isEqualTo("alert-state");
        assertThat(api.get(list + "&limit=1000").expect(200).json().path("alerts"))
                .hasSize(alerts.size() - 1);
        assertThat(api.get("/api/v1/alerts/none").expect(404).problem()).isEqualTo("alert-not-found");
        assertThat(api.get("/actuator/prometheus").expect(200).text())
                .contains("segmeter_alerts_open")
                .contains("segmeter_drift_alarm{metric=\"dice\",model=\"stat-net\"}");
    }

    /** However many models there are, Prometheus keeps few series. */
    @Test
    void theLabelsOfExportedAlarmsAreBounded() throws Exception {
        JdbcClient sql = Service.shared().bean(JdbcClient.class);
        sql.sql("""
            insert into alert (id, model, version, structure, metric, parameters, rule, evaluation_id, at, value, centre, sigma)
            select gen_random_uuid(), 'one-of-many-' || m, '1', 'Liver', 'dice', '{}', 1, gen_random_uuid(), now(), 0, 0, 1
            from generate_series(1, 40) m\
            """).update();
        try {
            String exported = "";
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!exported.contains("model=\"other\"") && System.nanoTime() < end) {
                Thread.sleep(200);
                exported = api.get("/actuator/prometheus").expect(200).text();
            }
            List<String> alarms = exported.lines()
                    .filter(line -> line.startsWith("segmeter_drift_alarm{"))
                    .toList();
            assertThat(alarms).hasSizeBetween(2, 21 * 2).anyMatch(line -> line.contains("model=\"other\""));
            assertThat(alarms.stream()
                            .map(line -> line.replaceAll(".*model=\"|\".*", ""))
                            .distinct())
                    .hasSize(21);
        } finally {
            sql.sql("delete from alert where model like 'one-of-many-%'").update();
        }
    }

    @Test
    void whatCannotBeAnsweredSaysWhatCan() {
        Api.Answer unknown = api.wrong("GET", "/api/v1/aggregates?metric=dize").expect(400);
        assertThat(unknown.problem()).isEqualTo("invalid-parameter");
        assertThat(unknown.json().path("detail").asString()).contains("near are dice");
        assertThat(api.wrong("GET", "/api/v1/aggregates?metric=dsc")
                        .expect(400)
                        .json()
                        .path("detail")
                        .asString())
                .contains("near are dice");
        for (String query : List.of(
                "aggregates",
                "aggregates?metric=dice&metric=dice",
                "aggregates?metric=dice&groupBy=colour",
                "aggregates?metric=dice&groupBy=model,model",
                "aggregates?metric=dice&stat=p101",
                "aggregates?metric=dice&penalty=-1",
                "aggregates?metric=dice&seed=x",
                "aggregates?metric=dice&from=yesterday",
                "aggregates?metric=dice&batch=1",
                "aggregates?metric=dice&colour=red",
                "aggregates?metric=nsd&parameters=2",
                "results?limit=0",
                "results?format=xml",
                "results?format=csv&limit=3",
                "results?cursor=abc",
                "charts?structure=Liver",
                "charts?metric=dice&rules=9",
                "charts?metric=dice&baseline=2",
                "charts?metric=dice&sigma=wide",
                "alerts?state=SHUT",
                "alerts?colour=red")) {
            Api.Answer answer = api.wrong("GET", "/api/v1/" + query);
            assertThat(answer.status()).as(query).isEqualTo(400);
            assertThat(answer.problem()).isIn("invalid-parameter", "invalid-cursor");
            assertThat(answer.json().path("detail").asString()).as(query).hasSizeGreaterThan(20);
        }
        for (String body : List.of(
                "[]",
                "{\"a\":{},\"b\":{}}",
                "{\"a\":{},\"b\":{},\"metric\":\"dize\"}",
                "{\"a\":{\"colour\":\"red\"},\"b\":{},\"metric\":\"dice\"}",
                "{\"a\":{\"model\":3},\"b\":{},\"metric\":\"dice\"}",
                "{\"a\":{},\"b\":{},\"metric\":\"dice\",\"margin\":0}",
                "{\"a\":{},\"b\":{},\"metric\":\"dice\",\"alternative\":\"both\"}",
                "{\"a\":{},\"b\":{},\"metric\":\"dice\",\"structures\":[1]}",
                "{\"a\":{},\"b\":{},\"metric\":\"dice\",\"test\":\"t\"}",
                "{\"a\":{},\"b\":{},\"metric\":\"dice\",\"surprise\":1}")) {
            assertThat(api.postWrongJson("/api/v1/comparisons", body)
                            .expect(422)
                            .problem())
                    .isEqualTo("invalid-request");
        }
    }

    @Test
    void whatNobodyHasIsAnEmptyAnswer() {
        assertThat(api.get("/api/v1/aggregates?metric=dice&model=stat-none")
                        .expect(200)
                        .json()
                        .path("groups"))
                .isEmpty();
        assertThat(api.get("/api/v1/results?model=stat-none").expect(200).json().path("results"))
                .isEmpty();
        assertThat(api.get("/api/v1/charts?metric=dice&model=stat-none")
                        .expect(200)
                        .json()
                        .path("series"))
                .isEmpty();
        JsonNode comparison =
                api.postJson("/api/v1/comparisons", """
                    {"a": {"model": "stat-none"}, "b": {"model": "stat-net"}, "metric": "dice", "structures": ["Liver"]}
                    """).expect(200).json();
        assertThat(comparison.path("structures").get(0).path("pairs").asInt()).isZero();
        assertThat(comparison.path("structures").get(0).path("warning").asString())
                .isNotEmpty();
    }
}
