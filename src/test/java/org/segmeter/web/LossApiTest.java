package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.evaluation.ControlledEngine;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Losses, calibration and fragility of an evaluation; the pair is the example of docs/losses.md. */
class LossApiTest {

    private static final float[] P = {0.9f, 0.8f, 0.6f, 0.2f, 0.4f, 0.1f, 0, 0};
    private static final float[] G = {1, 1, 1, 1, 0, 0, 0, 0};

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
    }

    /** A NIfTI-1 file with a float32 row of eight voxels of 1 mm. */
    private static byte[] row(float... values) {
        ByteBuffer file = ByteBuffer.allocate(352 + 32).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 348);
        short[] dim = {3, 8, 1, 1, 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            file.putShort(40 + 2 * i, dim[i]);
            file.putFloat(76 + 4 * i, 1);
        }
        file.putShort(70, (short) 16).putShort(72, (short) 32).putFloat(108, 352);
        file.put(123, (byte) 2).putShort(254, (short) 1);
        for (int axis = 0; axis < 3; axis++) {
            file.putFloat(280 + 20 * axis, 1);
        }
        file.put(344, "n+1\0".getBytes(StandardCharsets.US_ASCII));
        file.position(352);
        for (float value : values) {
            file.putFloat(value);
        }
        return file.array();
    }

    private static List<Api.Part> example(String more) {
        return List.of(
                Api.Part.bytes("prediction", row(P)),
                Api.Part.bytes("reference", row(G)),
                Api.Part.text("request", "{\"prediction\":{\"values\":\"probabilities\"}" + more + "}")
                        .with("Content-Type", "application/json"));
    }

    /** The evaluation's address once it is scored. */
    private static String scored(List<Api.Part> parts) {
        return api.post(parts, "Prefer", "wait=30").expect(200).header("Location");
    }

    /** The value of an entry, the first where there are several sets of parameters. */
    private static double value(JsonNode entry) {
        JsonNode value = entry.isArray() ? entry.path(0) : entry;
        assertThat(value.path("state").asString()).as(entry.toString()).isEqualTo("OK");
        return value.path("value").asDouble();
    }

    @Test
    void theExampleOfThePageHasItsValues() {
        String evaluation = scored(example(""));
        JsonNode loss = api.get(evaluation + "/loss").expect(200).json();
        assertThat(evaluation).endsWith(loss.path("id").asString());
        JsonNode segment = loss.at("/segments/0");
        assertThat(segment.path("input").asString()).isEqualTo("probabilities");
        assertThat(value(segment.at("/losses/dice_loss"))).isCloseTo(0.285714, within(1e-6));
        assertThat(segment.at("/gradients/dice_loss/norm").asDouble()).isCloseTo(0.420230, within(1e-5));
        JsonNode calibration = api.get(evaluation + "/calibration").expect(200).json();
        assertThat(value(calibration.at("/segments/0/volume/brier"))).isCloseTo(0.1275, within(1e-6));
        assertThat(calibration.at("/segments/0/sweep/points/dice").size()).isEqualTo(101);
        JsonNode fragility = api.get(evaluation + "/fragility").expect(200).json();
        assertThat(fragility.at("/segments/0/fragility/dice/value").asDouble()).isCloseTo(6.0 / 7, within(1e-12));
        JsonNode links = api.get(evaluation).json().path("links");
        for (String document : List.of("loss", "calibration", "fragility")) {
            assertThat(links.path(document).asString()).isEqualTo(evaluation + "/" + document);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"loss", "calibration", "fragility"})
    void aDocumentIsMeasuredOnceAndServedByteForByte(String document) throws Exception {
        String evaluation = scored(example(""));
        int before = service.bean(ControlledEngine.class).measured();
        Api.Answer first = api.get(evaluation + "/" + document).expect(200);
        String sha256 = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256")
                        .digest(first.exchange().body()));
        assertThat(first.header("ETag")).isEqualTo("\"" + sha256 + "\"");
        assertThat(first.header("Repr-Digest")).isEqualTo(Digests.field(sha256));
        assertThat(api.get(evaluation + "/" + document).expect(200).exchange().body())
                .isEqualTo(first.exchange().body());
        api.get(evaluation + "/" + document, "If-None-Match", first.header("ETag"))
                .expect(304);
        for (String other : List.of("loss", "calibration", "fragility")) {
            api.get(evaluation + "/" + other).expect(200);
        }
        assertThat(service.bean(ControlledEngine.class).measured()).isEqualTo(before + 1);
    }

    @Test
    void manyWhoAskAtOnceGetTheOneDocument() {
        String evaluation = scored(example(""));
        int before = service.bean(ControlledEngine.class).measured();
        List<CompletableFuture<Api.Answer>> answers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            answers.add(CompletableFuture.supplyAsync(() -> api.get(evaluation + "/loss")));
        }
        assertThat(answers.stream()
                        .map(CompletableFuture::join)
                        .map(answer -> answer.expect(200).text()))
                .hasSize(8)
                .containsOnly(api.get(evaluation + "/loss").text());
        assertThat(service.bean(ControlledEngine.class).measured()).isEqualTo(before + 1);
    }

    @Test
    void whoDoesNotWaitIsToldToComeAgain() throws Exception {
        String evaluation = scored(example(",\"labels\":{\"test\":\"block-losses\"}"));
        Api.Answer measuring =
                api.get(evaluation + "/fragility", "Prefer", "wait=1").expect(202);
        assertThat(measuring.header("Location")).isEqualTo(evaluation + "/fragility");
        assertThat(measuring.header("Retry-After")).isEqualTo("5");
        service.bean(ControlledEngine.class).open();
        api.get(evaluation + "/fragility").expect(200);
    }

    @Test
    void parametersComeFromTheRequest() {
        String plain = scored(example(""));
        String other = scored(
                example(",\"loss\":{\"alpha\":0.5,\"smooth\":1,\"bins\":10,\"ranked\":false,\"reduction\":\"sum\"}"));
        JsonNode loss = api.get(other + "/loss").expect(200).json();
        assertThat(loss.at("/parameters/smooth").asDouble()).isEqualTo(1);
        // 1 - (2.5 + 1) / (2.5 + 0.25 + 0.75 + 1)
        assertThat(value(loss.at("/segments/0/losses/tversky_loss"))).isCloseTo(1 - 3.5 / 4.5, within(1e-6));
        assertThat(loss.at("/segments/0/losses").has("top_k_loss")).isFalse();
        assertThat(api.get(other + "/calibration")
                        .json()
                        .at("/segments/0/volume/reliability")
                        .size())
                .isEqualTo(10);
        assertThat(api.get(plain + "/loss").json().at("/parameters/smooth").asDouble())
                .isEqualTo(1e-5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "3 | loss is a number",
                "{\"beta\":1} | beta",
                "{\"smooth\":\"1\"} | a text",
                "{\"ranked\":1} | a number",
                "{\"bins\":7} | divides 300",
                "{\"classWeights\":[1,\"2\"]} | a list with a text",
                "{\"reduction\":\"max\"} | does not fit"
            })
    void parametersThatCannotBeAreRefusedAtSubmission(String loss, String found) {
        Api.Answer refused = api.postWrong(example(",\"loss\":" + loss)).expect(422);
        assertThat(refused.problem()).isEqualTo("invalid-request");
        assertThat(refused.json().path("found").asString()).contains(found);
    }

    @Test
    void whatWasScoredIsWhatIsMeasured() {
        // The last four voxels are out of the extent: what the prediction has there is no error, and no reference.
        String evaluation = scored(example(",\"extent\":{\"kind\":\"range\",\"axis\":\"x\",\"from\":0,\"to\":3}"));
        JsonNode segment = api.get(evaluation + "/loss").expect(200).json().at("/segments/0");
        assertThat(segment.path("voxels").asInt()).isEqualTo(4);
        assertThat(segment.at("/sums/fp").asDouble()).isZero();
        assertThat(segment.at("/sums/tp").asDouble()).isCloseTo(2.5, within(1e-6));
        JsonNode fragility =
                api.get(evaluation + "/fragility").expect(200).json().at("/segments/0/fragility");
        assertThat(fragility.at("/dice/value").asDouble()).isCloseTo(6.0 / 7, within(1e-12));
    }

    @Test
    void aMaskIsTakenForCertainProbabilitiesAndTheDocumentSaysSo() throws IOException {
        String evaluation = scored(Api.pair(""));
        JsonNode calibration = api.get(evaluation + "/calibration").expect(200).json();
        assertThat(calibration.at("/segments/0/input").asString()).isEqualTo("mask");
        assertThat(calibration.path("notices").toString()).contains("loss/mask");
    }

    @Test
    void aPairThatCannotBeMeasuredAsAskedIsExplained() {
        String evaluation = scored(example(",\"loss\":{\"mask\":9}"));
        Api.Answer refused = api.get(evaluation + "/loss").expect(422);
        assertThat(refused.problem()).isEqualTo("unknown-segment");
        assertThat(refused.json().path("instance").asString()).isEqualTo(evaluation);
    }

    @Test
    void aFaultOfTheProgramIsAnIncidentAndTheNextRequestTriesAgain() {
        String evaluation = scored(example(",\"labels\":{\"test\":\"fault-losses\"}"));
        int before = service.bean(ControlledEngine.class).measured();
        assertThat(api.get(evaluation + "/loss").expect(500).problem()).isEqualTo("internal-error");
        SafeHeaders.areIn("500", api.get(evaluation + "/loss").expect(500)::header);
        assertThat(service.bean(ControlledEngine.class).measured()).isEqualTo(before + 2);
    }

    @Test
    void withoutAScorecardThereIsNoDocument() throws Exception {
        String unknown = "/api/v1/evaluations/" + UUID.randomUUID();
        assertThat(api.get(unknown + "/loss").expect(404).problem()).isEqualTo("evaluation-not-found");
        assertThat(api.get("/api/v1/evaluations/x/calibration").expect(404).problem())
                .isEqualTo("evaluation-not-found");
        String failed = api.post(
                        List.of(
                                Api.Part.bytes("prediction", row(P)),
                                Api.Part.bytes("reference", "nothing".getBytes(StandardCharsets.UTF_8))),
                        "Prefer",
                        "wait=30")
                .expect(422)
                .header("Location");
        Api.Answer none = api.get(failed + "/fragility").expect(404);
        assertThat(none.problem()).isEqualTo("no-scorecard");
        assertThat(none.json().path("state").asString()).isEqualTo("FAILED");
        String removed = scored(example(""));
        api.get(removed + "/loss").expect(200);
        api.delete(removed).expect(204);
        assertThat(api.get(removed + "/loss").expect(404).problem()).isEqualTo("evaluation-not-found");
    }

    @Test
    void whatWasNeverMeasuredNeedsItsInputs() throws IOException {
        float[] own = P.clone();
        own[7] = 0.015625f;
        byte[] prediction = row(own);
        String measured = scored(List.of(
                Api.Part.bytes("prediction", prediction),
                Api.Part.bytes("reference", row(G)),
                example("").getLast()));
        String never = scored(List.of(
                Api.Part.bytes("prediction", prediction),
                Api.Part.bytes("reference", row(G)),
                example("").getLast()));
        String loss = api.get(measured + "/loss").expect(200).text();
        String sha256 = api.get(never).json().at("/inputs/prediction/0/sha256").asString();
        try (Stream<Path> files = Files.walk(service.blobs())) {
            Files.delete(files.filter(file -> file.toString().replace("/", "").endsWith(sha256))
                    .findFirst()
                    .orElseThrow());
        }
        assertThat(api.get(never + "/loss").expect(500).problem()).isEqualTo("inputs-lost");
        service.bean(JdbcClient.class)
                .sql("update evaluation set inputs_removed_at = now() where id = :id")
                .param("id", UUID.fromString(never.substring(never.lastIndexOf('/') + 1)))
                .update();
        assertThat(api.get(never + "/calibration").expect(410).problem()).isEqualTo("inputs-removed");
        assertThat(api.get(measured + "/loss").expect(200).text()).isEqualTo(loss);
    }
}
