package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.segmeter.evaluation.ControlledEngine;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.volume.Segmentation;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Gates, rankings and consensus over HTTP. */
class GateApiTest {

    private static final int CASES = 60;

    private static Api api;
    private static Service service;
    private static final List<UUID> FIRST = new ArrayList<>();

    @BeforeAll
    static void scored() throws Exception {
        service = Service.shared();
        api = service.api();
        ScoredCases cases = new ScoredCases(service.bean(JdbcClient.class));
        Random random = new Random(7);
        Instant start = Instant.parse("2026-03-01T08:00:00Z");
        for (int i = 0; i < CASES; i++) {
            double difficulty = 0.03 * random.nextGaussian();
            Instant at = start.plus(Duration.ofHours(i));
            for (String version : List.of("1", "2", "3")) {
                double liver = 0.93 + difficulty + 0.005 * random.nextGaussian() - (version.equals("3") ? 0.05 : 0);
                boolean missed = version.equals("3") && i == 4;
                UUID id = cases.scored(
                        "gate-net",
                        version,
                        "case-" + i,
                        "north",
                        Map.of(),
                        at,
                        List.of(
                                ScoredCases.Value.of(0, "Liver", "dice", liver),
                                ScoredCases.Value.without(
                                        1,
                                        "Spleen",
                                        "dice",
                                        missed ? 0.0 : liver - .01,
                                        missed ? "PREDICTION_EMPTY" : "OK")));
                if (version.equals("1")) {
                    FIRST.add(id);
                }
            }
        }
    }

    private static final String RULES = """
        {"title": "Release", "rules": ["n >= 30", "mean(dice) >= 0.9", "p5(dice) >= 0.8", "missed_cases == 0", "failed == 0",
         "delta.mean(dice) >= -0.01", "delta.median(dice) >= -0.01", "noninferior(dice, 0.01)"],
         "baseline": {"model": "gate-net", "version": "1"}}
        """;

    private static JsonNode run(String version) {
        return api.postJson(
                        "/api/v1/gates/release/runs",
                        "{\"query\": {\"model\": \"gate-net\", \"version\": \"%s\"}}".formatted(version))
                .expect(200)
                .json();
    }

    @Test
    void aGateLetsAGoodVersionPassAndHoldsABadOne() throws Exception {
        api.putJson("/api/v1/gates/release", RULES);
        assertThat(api.putJson("/api/v1/gates/release", RULES)
                        .expect(200)
                        .json()
                        .path("version")
                        .asInt())
                .as("the same rules are the same version")
                .isEqualTo(1);
        JsonNode good = run("2");
        assertThat(good.path("verdict").asString()).as(good.toString()).isEqualTo("PASS");
        assertThat(good.path("checks")).hasSize(2 * 7 + 1);
        api.get(good.path("links").path("verdict").asString()).expect(200);

        JsonNode bad = run("3");
        assertThat(bad.path("verdict").asString()).isEqualTo("FAIL");
        String path = bad.path("links").path("verdict").asString();
        Api.Answer verdict = api.get(path).expect(409);
        assertThat(verdict.problem()).isEqualTo("gate-failed");
        List<String> rules = new ArrayList<>();
        verdict.json()
                .path("violations")
                .forEach(v -> rules.add(
                        v.path("rule").asString() + " " + v.path("structure").asString()));
        assertThat(rules)
                .contains(
                        "mean(dice) >= 0.9 Liver",
                        "missed_cases == 0 Spleen",
                        "delta.mean(dice) >= -0.01 Liver",
                        "delta.median(dice) >= -0.01 Spleen",
                        "noninferior(dice, 0.01) Liver")
                .doesNotContain("missed_cases == 0 Liver", "n >= 30 Liver");

        String junit =
                api.get(path, "Accept", "application/junit+xml").expect(409).text();
        var suite = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream(junit.getBytes(StandardCharsets.UTF_8)))
                .getElementsByTagName("testsuite")
                .item(0)
                .getAttributes();
        assertThat(suite.getNamedItem("tests").getNodeValue()).isEqualTo("15");
        assertThat(suite.getNamedItem("failures").getNodeValue()).isEqualTo(rules.size() + "");
        String self = bad.path("links").path("self").asString();
        assertThat(api.get(self, "Accept", "text/markdown").expect(200).text())
                .startsWith("# Gate release: FAIL")
                .contains("| **FAIL** | missed\\_cases == 0 | Spleen |");
        assertThat(api.get("/api/v1/gates/release/runs")
                        .expect(200)
                        .json()
                        .path("runs")
                        .size())
                .isGreaterThanOrEqualTo(2);
    }

    /** What a build job sees: curl ends with 22, and the answer says why. */
    @Test
    void aGateFailsAShell() throws Exception {
        Path curl = Path.of("/usr/bin/curl");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.isExecutable(curl), "no curl on this machine: not tried");
        api.putJson("/api/v1/gates/release", RULES);
        assertThat(curl(run("2").path("links").path("verdict").asString())).isEqualTo(0);
        assertThat(curl(run("3").path("links").path("verdict").asString())).isEqualTo(22);
    }

    private static int curl(String path) throws Exception {
        Path body = Files.createTempFile("verdict", ".json");
        Process process = new ProcessBuilder(
                        "curl",
                        "-sS",
                        "--fail-with-body",
                        "-o",
                        body.toString(),
                        "http://127.0.0.1:" + service.port() + path)
                .redirectErrorStream(true)
                .start();
        process.getInputStream().readAllBytes();
        int status = process.waitFor();
        assertThat(Api.JSON.readTree(Files.readString(body)).path("verdict").asString())
                .isEqualTo(status == 0 ? "PASS" : "FAIL");
        Files.delete(body);
        return status;
    }

    @Test
    void aRunWaitsForWhatIsStillBeingScored() throws Exception {
        api.putJson("/api/v1/gates/waiting", "{\"rules\": [\"n >= 1\"]}");
        String evaluation = api.post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                .expect(202)
                .header("Location");
        api.reaches(evaluation, "RUNNING");
        String id = evaluation.substring(evaluation.lastIndexOf('/') + 1);
        Api.Answer started = api.postJson("/api/v1/gates/waiting/runs", "{\"evaluations\": [\"%s\"]}".formatted(id))
                .expect(202);
        assertThat(started.header("Retry-After")).isNotEmpty();
        String verdict = started.json().path("links").path("verdict").asString();
        assertThat(api.get(verdict).expect(202).header("Retry-After")).isNotEmpty();
        service.bean(ControlledEngine.class).open();
        api.finished(evaluation);
        assertThat(api.get(verdict)
                        .expect(200)
                        .json()
                        .path("checks")
                        .get(0)
                        .path("observed")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    void aBatchIsHeldToAGateWhenItIsDone() {
        JdbcClient sql = service.bean(JdbcClient.class);
        UUID batch = UUID.randomUUID();
        sql.sql("insert into batch (id, state, protocols) values (:id, 'OPEN', array['segmeter@1'])")
                .param("id", batch)
                .update();
        for (int i = 0; i < 3; i++) {
            sql.sql("""
                insert into batch_item (batch_id, number, state, prediction, reference, evaluation_id)
                values (:batch, :number, 'SUCCEEDED', '{}', '{}', :evaluation)\
                """)
                    .param("batch", batch)
                    .param("number", i + 1)
                    .param("evaluation", FIRST.get(i))
                    .update();
        }
        assertThat(api.get("/api/v1/results?metric=dice&structure=Liver&batch=" + batch)
                        .expect(200)
                        .json()
                        .path("results"))
                .hasSize(3);
        assertThat(api.get("/api/v1/aggregates?metric=dice&batch=" + batch)
                        .expect(200)
                        .json()
                        .at("/groups/0/counts/detected")
                        .asInt())
                .isEqualTo(6);
        api.putJson("/api/v1/gates/of-a-batch", "{\"rules\": [\"n == 3\"]}");
        JsonNode started = api.postJson("/api/v1/gates/of-a-batch/runs", "{\"batch\": \"%s\"}".formatted(batch))
                .expect(202)
                .json();
        String verdict = started.path("links").path("verdict").asString();
        api.get(verdict).expect(202);
        sql.sql("update batch set state = 'DONE' where id = :id")
                .param("id", batch)
                .update();
        JsonNode done = api.get(verdict).expect(200).json();
        assertThat(done.path("verdict").asString()).isEqualTo("PASS");
        // What happens afterwards does not change a verdict.
        sql.sql("update batch set state = 'RUNNING' where id = :id")
                .param("id", batch)
                .update();
        assertThat(api.get(verdict).expect(200).json()).isEqualTo(done);
        sql.sql("delete from batch where id = :id").param("id", batch).update();
    }

    @Test
    void gatesAreKeptAndRemovedAndMistakesAreNamed() {
        api.putJson("/api/v1/gates/short-lived", "{\"rules\": [\"mean(dice) > 0\"]}")
                .expect(201);
        JsonNode changed = api.putJson("/api/v1/gates/short-lived", "{\"rules\": [\"mean(dice) > 0.5\"]}")
                .expect(200)
                .json();
        assertThat(changed.path("version").asInt()).isEqualTo(2);
        assertThat(api.get("/api/v1/gates/short-lived").expect(200).json()).isEqualTo(changed);
        assertThat(api.get("/api/v1/gates").expect(200).text()).contains("short-lived");
        JsonNode none = api.postJson("/api/v1/gates/short-lived/runs", "{\"query\": {\"model\": \"gate-none\"}}")
                .expect(200)
                .json();
        assertThat(none.path("verdict").asString()).as("nothing is not good").isEqualTo("FAIL");
        api.delete("/api/v1/gates/short-lived").expect(204);
        assertThat(api.get("/api/v1/gates/short-lived").expect(404).problem()).isEqualTo("gate-not-found");
        assertThat(api.get(none.path("links").path("self").asString())
                        .expect(404)
                        .problem())
                .isEqualTo("gate-not-found");

        api.putJson("/api/v1/gates/release", RULES);
        for (String body : List.of(
                "{}",
                "{\"batch\": \"00000000-0000-0000-0000-000000000000\"}",
                "{\"evaluations\": [\"00000000-0000-0000-0000-000000000000\"]}",
                "{\"evaluations\": []}",
                "{\"query\": {}}",
                "{\"query\": {\"metric\": \"dice\"}}",
                "{\"query\": {\"model\": \"m\"}, \"batch\": \"b\"}")) {
            assertThat(api.postWrongJson("/api/v1/gates/release/runs", body)
                            .expect(422)
                            .problem())
                    .as(body)
                    .isEqualTo("invalid-request");
        }
        for (String body : List.of(
                "{\"rules\": []}",
                "{\"rules\": [\"mean(dize) >= 1\"]}",
                "{\"rules\": [\"noninferior(dice, 0.1)\"]}",
                "{\"rules\": [\"n >= 1\"], \"baseline\": {\"colour\": \"red\"}}",
                "{\"rules\": [\"n >= 1\"], \"penaltyMm\": -1}",
                "{\"rules\": [\"n >= 1\"], \"surprise\": 1}")) {
            assertThat(api.putWrongJson("/api/v1/gates/bad", body).expect(422).problem())
                    .isEqualTo("invalid-request");
        }
        api.putWrongJson("/api/v1/gates/Not*Fit", "{\"rules\": [\"n >= 1\"]}").expect(422);
    }

    @Test
    void rankingsSayWhatTheCasesCanTell() {
        JsonNode board = api.get("/api/v1/leaderboards?metric=dice&model=gate-net&resamples=200")
                .expect(200)
                .json();
        assertThat(board.path("entrants")).hasSize(3);
        JsonNode liver = board.path("tasks").get(0);
        assertThat(liver.path("structure").asString()).isEqualTo("Liver");
        assertThat(liver.path("tables")).hasSize(4);
        for (JsonNode table : liver.path("tables")) {
            JsonNode last = table.path("places").get(2);
            assertThat(last.path("entrant").path("version").asString()).isEqualTo("3");
            assertThat(last.path("rank").asInt()).isEqualTo(3);
            assertThat(last.path("lower").asInt()).isEqualTo(3);
            if (table.path("scheme").asString().equals("test-then-rank")) {
                assertThat(table.path("places").get(1).path("rank").asInt())
                        .as("ties have the smallest")
                        .isEqualTo(1);
            }
        }
        assertThat(liver.path("groups")).hasSize(2);
        assertThat(liver.path("groups").get(0)).hasSize(2);
        assertThat(liver.path("tau")).hasSize(6);
        assertThat(board.path("consensus")).hasSize(4);
        assertThat(api.wrong("GET", "/api/v1/leaderboards?metric=tp")
                        .expect(400)
                        .problem())
                .isEqualTo("invalid-parameter");
        assertThat(api.wrong("GET", "/api/v1/leaderboards?metric=dice&scheme=best")
                        .expect(400)
                        .problem())
                .isEqualTo("invalid-parameter");
    }

    @Test
    void readersAreComparedAndJoined() throws Exception {
        String first = api.post(Api.pair("")).expect(202).header("Location");
        api.finished(first);
        String id = first.substring(first.lastIndexOf('/') + 1);
        String sides = "{\"evaluation\": \"%s\", \"side\": \"%s\"}";
        String request = "{\"readers\": [%s, %s], \"model\": %s}"
                .formatted(
                        sides.formatted(id, "prediction"),
                        sides.formatted(id, "reference"),
                        sides.formatted(id, "prediction"));
        JsonNode answer = api.postJson("/api/v1/consensus", request).expect(200).json();
        assertThat(answer.path("dice").get(0).get(1).doubleValue()).isEqualTo(1);
        assertThat(answer.path("fleissKappa").doubleValue()).isCloseTo(1, within(1e-12));
        assertThat(answer.path("krippendorffAlpha").doubleValue()).isCloseTo(1, within(1e-12));
        assertThat(answer.path("majorityMl").doubleValue())
                .isEqualTo(answer.path("readers").get(0).path("ml").doubleValue())
                .isPositive();
        assertThat(answer.path("readers").get(1).path("sensitivity").doubleValue())
                .isCloseTo(1, within(1e-4));
        assertThat(answer.path("model").path("inside").booleanValue()).isTrue();

        byte[] file = api.postJson("/api/v1/consensus", request, "Accept", "application/gzip")
                .expect(200)
                .exchange()
                .body();
        Path nifti = Files.createTempFile("consensus", ".nii.gz");
        Files.write(nifti, file);
        Segmentation read = SegmentationReader.standard().readFiles(List.of(nifti), ReadOptions.defaults());
        Files.delete(nifti);
        assertThat(read.segments()).hasSize(1);
        assertThat(((org.segmeter.volume.Mask) read.segments().getFirst().voxels()).count()
                        * read.grid().voxelVolumeMm3()
                        / 1000)
                .isCloseTo(answer.path("majorityMl").doubleValue(), within(1e-3));

        for (String body : List.of(
                "{\"readers\": []}",
                "{\"readers\": [%s]}".formatted(sides.formatted(id, "prediction")),
                request.replace("prediction", "left"),
                request.replace(id, UUID.randomUUID().toString()),
                request.replace("\"model\"", "\"margin\": -1, \"model\""),
                request.replace("\"model\"", "\"method\": \"vote\", \"model\""))) {
            assertThat(api.postWrongJson("/api/v1/consensus", body).expect(422).problem())
                    .isEqualTo("invalid-request");
        }
        assertThat(api.postWrongJson(
                                "/api/v1/consensus", request.replace("\"model\"", "\"structure\": \"none\", \"model\""))
                        .expect(422)
                        .problem())
                .isEqualTo("unknown-segment");
    }
}
