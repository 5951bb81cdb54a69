package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** What is kept of many results, or asked of files: models, leaderboards with a name, alerts of any metric, consensus, batches with masks. */
class StatisticsResourcesTest {

    private static final Instant START = Instant.parse("2026-03-02T08:00:00Z");

    @TempDir
    private static Path directory;

    private static Service service;
    private static Api api;
    private static ScoredCases cases;

    @BeforeAll
    static void start() throws IOException {
        service = Service.start(directory, "--segmeter.alerts.metrics=hd95,dice", "--segmeter.alerts.baseline=10");
        api = service.api();
        cases = new ScoredCases(service.bean(JdbcClient.class));
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    private static UUID scored(String model, String version, int i, double dice, double hd95) {
        return cases.scored(
                model,
                version,
                "case-" + i,
                "north",
                Map.of(),
                START.plus(Duration.ofDays(i)),
                List.of(
                        ScoredCases.Value.of(0, "Liver", "dice", dice),
                        ScoredCases.Value.of(0, "Liver", "hd95", hd95),
                        ScoredCases.Value.of(1, "Spleen", "dice", dice - 0.01 * (i % 2))));
    }

    @Test
    void modelsAreListedWithWhatIsKnownOfTheirVersions() {
        for (int i = 0; i < 3; i++) {
            scored("list-a", "1", i, 0.9, 3);
        }
        scored("list-a", "2", 5, 0.9, 3);
        cases.failed("list-a", "2", "case-6", START);
        scored("list-b", "1", 0, 0.9, 3);

        JsonNode versions =
                api.get("/api/v1/models?model=list-a").expect(200).json().at("/models/0/versions");
        assertThat(versions).hasSize(2);
        JsonNode first = versions.get(0);
        JsonNode second = versions.get(1);
        // The second version's failure was as early as the first version.
        assertThat(List.of(
                        first.path("version").asString(), second.path("version").asString()))
                .containsExactly("1", "2");
        assertThat(first.path("evaluations").asInt()).isEqualTo(3);
        assertThat(first.path("cases").asInt()).isEqualTo(3);
        assertThat(first.path("firstAt").asString()).isEqualTo(START.toString());
        assertThat(first.path("lastAt").asString())
                .isEqualTo(START.plus(Duration.ofDays(2)).toString());
        assertThat(first.path("structures").toString()).isEqualTo("[\"Liver\",\"Spleen\"]");
        assertThat(second.path("succeeded").asInt()).isEqualTo(1);
        assertThat(second.path("failed").asInt()).isEqualTo(1);

        List<String> names = new ArrayList<>();
        String next = "";
        do {
            JsonNode page = api.get("/api/v1/models?limit=1" + (next.isEmpty() ? "" : "&cursor=" + next))
                    .expect(200)
                    .json();
            assertThat(page.path("models")).hasSize(1);
            names.add(page.at("/models/0/name").asString());
            next = page.path("nextCursor").asString("");
        } while (!next.isEmpty());
        assertThat(names).contains("list-a", "list-b").doesNotHaveDuplicates().isSorted();
        assertThat(api.wrong("GET", "/api/v1/models?cursor=!").expect(400).problem())
                .isEqualTo("invalid-cursor");
        assertThat(api.wrong("GET", "/api/v1/models?site=north").expect(400).problem())
                .isEqualTo("invalid-parameter");
    }

    @Test
    void aLeaderboardIsMadeAnewUnlessItIsFrozenAndItsVersionsNeverChange() {
        for (int i = 0; i < 6; i++) {
            scored("rank-a", "1", i, 0.9 + 0.001 * i, 3);
            scored("rank-b", "1", i, 0.8 + 0.002 * i, 3);
        }
        String question =
                "{\"name\": \"board\", \"metric\": \"dice\", \"resamples\": 0, \"filter\": {\"structure\": \"Liver\","
                        + " \"to\": \"2026-04-01T00:00:00Z\"}, \"schemes\": [\"aggregate-mean-then-rank\"]}";
        Api.Answer made = api.postJson("/api/v1/leaderboards", question).expect(201);
        assertThat(made.header("Location")).isEqualTo("/api/v1/leaderboards/board?version=1");
        assertThat(api.postJson("/api/v1/leaderboards", question)
                        .expect(200)
                        .json()
                        .path("version")
                        .asInt())
                .as("the same question is the same version")
                .isEqualTo(1);
        JsonNode frozen = api.postJson(
                        "/api/v1/leaderboards", question.replace("\"metric\"", "\"frozen\": true, \"metric\""))
                .expect(201)
                .json();
        assertThat(frozen.path("version").asInt()).isEqualTo(2);
        assertThat(best(frozen, "rank-")).isEqualTo("rank-a");

        for (int i = 0; i < 6; i++) {
            scored("rank-c", "1", i, 0.99, 3);
        }
        assertThat(best(api.get(made.header("Location")).expect(200).json(), "rank-"))
                .isEqualTo("rank-c");
        JsonNode newest = api.get("/api/v1/leaderboards/board").expect(200).json();
        assertThat(newest).as("the frozen one is the newest").isEqualTo(frozen);
        assertThat(newest.path("frozen").booleanValue()).isTrue();
        assertThat(newest.at("/question/filter/structure").asString()).isEqualTo("Liver");
        assertThat(newest.path("question").has("name")).isFalse();
        Api.Answer once = api.get("/api/v1/leaderboards/board").expect(200);
        api.get("/api/v1/leaderboards/board", "If-None-Match", once.header("ETag"))
                .expect(304);
        JsonNode all = api.get("/api/v1/leaderboards").expect(200).json().path("leaderboards");
        assertThat(all).hasSize(1);
        assertThat(all.get(0).path("version").asInt()).isEqualTo(2);

        for (String body : List.of(
                "[]",
                "{\"name\": \"board\"}",
                "{\"name\": \"Not Fit\", \"metric\": \"dice\"}",
                "{\"name\": \"b\", \"metric\": \"dize\"}",
                "{\"name\": \"b\", \"metric\": \"tp\"}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"schemes\": [\"best\"]}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"schemes\": \"test-then-rank\"}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"filter\": {\"metric\": \"hd95\"}}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"filter\": {\"colour\": \"red\"}}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"resamples\": -1}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"frozen\": 1}",
                "{\"name\": \"b\", \"metric\": \"dice\", \"surprise\": 1}")) {
            assertThat(api.postWrongJson("/api/v1/leaderboards", body)
                            .expect(422)
                            .problem())
                    .as(body)
                    .isEqualTo("invalid-request");
        }
        assertThat(api.get("/api/v1/leaderboards/board?version=3").expect(404).problem())
                .isEqualTo("leaderboard-not-found");
        api.delete("/api/v1/leaderboards/board").expect(204);
        api.delete("/api/v1/leaderboards/board").expect(404);
    }

    private static String best(JsonNode board, String prefix) {
        for (JsonNode place : board.at("/ranking/tasks/0/tables/0/places")) {
            String model = place.at("/entrant/model").asString();
            if (model.startsWith(prefix)) {
                return model;
            }
        }
        throw new AssertionError("no entrant " + prefix + " in " + board);
    }

    @Test
    void anyMetricOfTheConfigurationAlarmsAndADemonstrationWhenItIsComplete() throws InterruptedException {
        JdbcClient sql = service.bean(JdbcClient.class);
        UUID batch = UUID.randomUUID();
        sql.sql("insert into batch (id, state, demo, protocols) values (:id, 'OPEN', true, array['segmeter@1'])")
                .param("id", batch)
                .update();
        for (int i = 0; i < 14; i++) {
            // As at a demonstration: the last case is there first.
            UUID held = scored("demo-net", "1", 13 - i, 0.9 + 0.002 * (i % 3), i == 0 ? 60 : 3 + 0.1 * (i % 3));
            sql.sql("insert into batch_item (batch_id, number, state, prediction, reference, evaluation_id)"
                            + " values (:batch, :number, 'SUCCEEDED', '{}', '{}', :evaluation)")
                    .param("batch", batch)
                    .param("number", i + 1)
                    .param("evaluation", held)
                    .update();
        }
        for (int i = 0; i < 14; i++) {
            scored("far-net", "1", i, 0.9 + 0.002 * (i % 3), i == 13 ? 40 : 3 + 0.1 * (i % 3));
        }
        JsonNode alert = awaited(
                        "/api/v1/alerts?model=far-net",
                        body -> !body.path("alerts").isEmpty())
                .path("alerts")
                .get(0);
        assertThat(alert.path("metric").asString()).isEqualTo("hd95");
        assertThat(alert.path("rule").asInt()).isEqualTo(1);
        assertThat(alert.path("value").doubleValue()).isEqualTo(40);
        assertThat(alert.path("caseId").asString()).isEqualTo("case-13");
        assertThat(alert.path("at").asString())
                .isEqualTo(START.plus(Duration.ofDays(13)).toString());
        assertThat(api.get("/api/v1/alerts?model=demo-net").expect(200).json().path("alerts"))
                .as("a demonstration that is being made has no alerts yet")
                .isEmpty();

        sql.sql("update batch set state = 'DONE', finished_at = now() where id = :id")
                .param("id", batch)
                .update();
        JsonNode made = awaited(
                "/api/v1/alerts?model=demo-net", body -> !body.path("alerts").isEmpty());
        assertThat(made.at("/alerts/0/value").doubleValue()).isEqualTo(60);
        assertThat(made.at("/alerts/0/at").asString())
                .isEqualTo(START.plus(Duration.ofDays(13)).toString());
    }

    private static JsonNode awaited(String path, Predicate<JsonNode> condition) throws InterruptedException {
        for (int i = 0; i < 600; i++) {
            JsonNode body = api.get(path).expect(200).json();
            if (condition.test(body)) {
                return body;
            }
            Thread.sleep(100); // charts are drawn and batches are fed now and then
        }
        throw new AssertionError("never as awaited: " + path);
    }

    private static String sha256(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    @Test
    void readersAreFilesThatAreSentOrStored() throws Exception {
        byte[] a = TinyVolume.cube(1, 1, 1, 4);
        byte[] b = TinyVolume.cube(2, 1, 1, 4);
        byte[] c = TinyVolume.cube(1, 1, 1, 5);
        long before = service.storedFiles();
        JsonNode sent = api.postForm(
                        "/api/v1/consensus",
                        List.of(
                                Api.Part.bytes("reader", a),
                                Api.Part.bytes("reader", b),
                                Api.Part.bytes("reader", c),
                                Api.Part.bytes("model", a),
                                Api.Part.text("request", "{\"margin\": 2}")))
                .expect(200)
                .json();
        assertThat(service.storedFiles()).as("what is sent is not kept").isEqualTo(before);
        assertThat(sent.path("readers")).hasSize(3);
        assertThat(sent.at("/readers/1/sha256/0").asString()).isEqualTo(sha256(b));
        // 3 of the 4 layers of the two cubes of 64 voxels are common.
        assertThat(sent.at("/dice/0/1").doubleValue()).isCloseTo(0.75, within(1e-15));
        assertThat(sent.at("/dice/0/2").doubleValue()).isCloseTo(2 * 64 / (64 + 125.0), within(1e-15));
        // Two of three have: a and c have a; b and c have b, as it is inside of c: 4 x 5 x 4.
        assertThat(sent.path("majorityMl").doubleValue()).isCloseTo(0.080, within(1e-12));
        assertThat(sent.at("/model/dice/0").doubleValue()).isEqualTo(1);

        api.post(List.of(Api.Part.bytes("prediction", a), Api.Part.bytes("reference", b)), "Prefer", "wait=30")
                .expect(200);
        String stored = "{\"readers\": [{\"sha256\": \"%s\"}, {\"sha256\": [\"%s\"]}]}".formatted(sha256(a), sha256(b));
        JsonNode known = api.postJson("/api/v1/consensus", stored).expect(200).json();
        assertThat(known.at("/dice/0/1").doubleValue()).isCloseTo(0.75, within(1e-15));
        JsonNode mixed = api.postForm(
                        "/api/v1/consensus", List.of(Api.Part.bytes("reader", c), Api.Part.text("request", stored)))
                .expect(200)
                .json();
        assertThat(mixed.path("readers")).hasSize(3);
        assertThat(mixed.path("majorityMl").doubleValue()).isCloseTo(0.080, within(1e-12));

        assertThat(api.postJson("/api/v1/consensus", stored.replace(sha256(b), "0".repeat(64)))
                        .expect(422)
                        .json()
                        .path("detail")
                        .asString())
                .contains("no content has one of these SHA-256");
        assertThat(api.postForm("/api/v1/consensus", List.of(Api.Part.bytes("reader", a)))
                        .expect(422)
                        .problem())
                .isEqualTo("invalid-request");
        assertThat(api.postForm(
                                "/api/v1/consensus",
                                List.of(
                                        Api.Part.bytes("reader", a),
                                        Api.Part.bytes("reader", "no volume".getBytes(StandardCharsets.UTF_8))))
                        .expect(422)
                        .problem())
                .isEqualTo("unrecognised-format");
        assertThat(api.postJson("/api/v1/consensus", "{}").expect(422).problem())
                .isEqualTo("invalid-request");
    }

    @Test
    void aLineOfAManifestNamesTheMaskOfWhatIsScored() throws Exception {
        byte[] prediction = TinyVolume.cube(1, 1, 1, 4);
        byte[] reference = TinyVolume.cube(2, 1, 1, 4);
        byte[] mask = TinyVolume.cube(2, 1, 1, 3);
        api.post(
                        List.of(
                                Api.Part.bytes("prediction", prediction),
                                Api.Part.bytes("reference", reference),
                                Api.Part.bytes("mask", mask)),
                        "Prefer",
                        "wait=30")
                .expect(200);
        String manifest = "case,prediction,reference,mask\nwith,sha256:%1$s,sha256:%2$s,sha256:%3$s\n"
                        .formatted(sha256(prediction), sha256(reference), sha256(mask))
                + "without,sha256:%s,sha256:%s,\n".formatted(sha256(prediction), sha256(reference))
                + "gone,sha256:%s,sha256:%s,sha256:%s\n"
                        .formatted(sha256(prediction), sha256(reference), "0".repeat(64));
        JsonNode batch = api.postBody(
                        "/api/v1/batches", "text/csv", manifest.getBytes(StandardCharsets.UTF_8), "Prefer", "wait=60")
                .expect(200)
                .json();
        JsonNode items =
                api.get(batch.at("/links/items").asString()).expect(200).json().path("items");
        assertThat(items.get(0).at("/mask/0").asString()).isEqualTo("sha256:" + sha256(mask));
        assertThat(dice(items.get(0))).isEqualTo(1);
        assertThat(dice(items.get(1))).isCloseTo(0.75, within(1e-15));
        assertThat(items.get(2).path("state").asString()).isEqualTo("FAILED");
        assertThat(items.get(2).at("/problem/type").asString()).isEqualTo("/problems/missing-file");
    }

    private static double dice(JsonNode item) {
        return api.get(item.path("evaluation").asString() + "/scorecard")
                .expect(200)
                .json()
                .at("/segments/0/metrics/dice/value")
                .doubleValue();
    }

    @Test
    void theEventsOfABatchAreResumedAfterTheServiceWasStartedAgain() throws Exception {
        byte[] good = TinyVolume.cube(1, 1, 1, 4);
        api.post(List.of(Api.Part.bytes("prediction", good), Api.Part.bytes("reference", good)), "Prefer", "wait=30")
                .expect(200);
        StringBuilder manifest = new StringBuilder("case,prediction,reference\n");
        for (int i = 0; i < 40; i++) {
            manifest.append("c%d,sha256:%s,sha256:%s\n"
                    .formatted(i, sha256(good), i % 4 == 0 ? "0".repeat(63) + i % 7 : sha256(good)));
        }
        String location = api.postBody(
                        "/api/v1/batches", "text/csv", manifest.toString().getBytes(StandardCharsets.UTF_8))
                .expect(202)
                .header("Location");
        List<Event> seen = events(location, "", event -> event.name().equals("item-failed"));
        String last = seen.getLast().id();
        assertThat(last).isNotEmpty();

        service.stop();
        service = Service.start(directory);
        api = service.api();
        cases = new ScoredCases(service.bean(JdbcClient.class));

        List<Event> rest = events(location, last, event -> event.name().equals("done"));
        List<Long> ids = new ArrayList<>();
        List<Integer> failed = new ArrayList<>();
        for (Event event : rest) {
            if (!event.id().isEmpty()) {
                ids.add(Long.parseLong(event.id()));
            }
            if (event.name().equals("item-failed")) {
                failed.add(event.data().path("number").asInt());
            }
        }
        assertThat(ids).isSorted().doesNotHaveDuplicates().allMatch(id -> id > Long.parseLong(last));
        int before = seen.getLast().data().path("number").asInt();
        assertThat(failed)
                .as("every failed item is told once, before or after")
                .containsExactlyElementsOf(List.of(1, 5, 9, 13, 17, 21, 25, 29, 33, 37).stream()
                        .filter(number -> number > before)
                        .toList());
        assertThat(rest.getLast().data().at("/items/succeeded").asInt()).isEqualTo(30);
    }

    private record Event(String id, String name, JsonNode data) {}

    /** Follows a batch up to the first event that is wanted, or its end. */
    private static List<Event> events(String location, String after, Predicate<Event> wanted) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + location + "/events"));
        if (!after.isEmpty()) {
            request.header("Last-Event-ID", after);
        }
        List<Event> events = new ArrayList<>();
        try (HttpClient client = HttpClient.newHttpClient();
                BufferedReader lines = new BufferedReader(new InputStreamReader(
                        client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream())
                                .body(),
                        StandardCharsets.UTF_8))) {
            String id = "";
            String name = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    Event event = new Event(id, name, Api.JSON.readTree(line.substring(6)));
                    events.add(event);
                    if (wanted.test(event)) {
                        client.shutdownNow();
                        return events;
                    }
                } else if (line.isEmpty()) {
                    id = "";
                    name = "";
                }
            }
        }
        throw new AssertionError("the stream ended without the event, after " + events);
    }
}
