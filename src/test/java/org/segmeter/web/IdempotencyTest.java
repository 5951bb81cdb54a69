package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A request that is repeated under its Idempotency-Key makes no second evaluation. */
class IdempotencyTest {

    private static final String KEY = "Idempotency-Key";

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
    }

    @Test
    void aHundredAtOnceMakeOneEvaluationAndAllWithOtherContentAreRefused() throws Exception {
        String key = UUID.randomUUID().toString();
        String model = "model-" + key;
        List<Api.Answer> same = atOnce(100, () -> api.post(pairOf(model), KEY, key));
        List<Api.Answer> accepted =
                same.stream().filter(answer -> answer.status() == 202).toList();
        assertThat(accepted).isNotEmpty();
        assertThat(accepted.stream().map(Api.Answer::text).distinct()).hasSize(1);
        assertThat(accepted.stream().map(a -> a.header("Location")).distinct()).hasSize(1);
        assertThat(accepted.stream().filter(a -> a.header("Idempotent-Replayed").isEmpty()))
                .hasSize(1);
        same.stream().filter(answer -> answer.status() != 202).forEach(answer -> {
            assertThat(answer.status()).as(answer.text()).isEqualTo(409);
            assertThat(answer.problem()).isEqualTo("idempotency-key-in-use");
            assertThat(answer.header("Retry-After")).isEqualTo("1");
        });
        assertThat(evaluationsOf(model)).isEqualTo(1);

        List<Api.Answer> other = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            other.add(api.post(pairOf("other-" + key), KEY, key));
        }
        assertThat(other).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(422);
            assertThat(answer.problem()).isEqualTo("idempotency-key-reused");
        });
        assertThat(evaluationsOf("other-" + key)).isZero();
        assertThat(api.get("/actuator/prometheus").text())
                .contains(
                        "segmeter_idempotency_replays_total{result=\"hit\"}",
                        "segmeter_idempotency_replays_total{result=\"conflict\"}",
                        "segmeter_idempotency_replays_total{result=\"mismatch\"}");
    }

    @Test
    void theKeyIsTheSameInQuotesAndBareAndWhoWaitsGetsTheSameScorecard() throws Exception {
        String key = UUID.randomUUID().toString();
        Api.Answer first = api.post(Api.pair(""), KEY, key, "Prefer", "wait=30").expect(200);
        Api.Answer second = api.post(Api.pair(""), KEY, '"' + key + '"', "Prefer", "wait=30")
                .expect(200);
        assertThat(second.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(second.exchange().body()).isEqualTo(first.exchange().body());
        assertThat(second.header("Location")).isEqualTo(first.header("Location"));
    }

    @Test
    void theOrderAndTheSidesOfTheFilesAreContent() throws Exception {
        String key = UUID.randomUUID().toString();
        List<Api.Part> pair = Api.pair("");
        api.post(pair, KEY, key).expect(202);
        List<Api.Part> swapped = List.of(
                new Api.Part("reference", "upload", pair.get(0).content(), java.util.Map.of()),
                new Api.Part("prediction", "upload", pair.get(1).content(), java.util.Map.of()));
        api.post(swapped, KEY, key).expect(422);
        // In which order the sides stand in the form says nothing.
        api.post(List.of(pair.get(1), pair.get(0)), KEY, key).expect(202);
    }

    @Test
    void aRefusedRequestLeavesItsKeyFree() throws Exception {
        String key = UUID.randomUUID().toString();
        api.postWrong(Api.pair("{\"protocol\":\"no-such@1\"}"), KEY, key).expect(422);
        assertThat(api.post(Api.pair(""), KEY, key).expect(202).header("Idempotent-Replayed"))
                .isEmpty();
    }

    @Test
    void theKeyOfARemovedEvaluationIsUsedUp() throws Exception {
        String key = UUID.randomUUID().toString();
        String location = api.post(Api.pair(""), KEY, key, "Prefer", "wait=30")
                .expect(200)
                .header("Location");
        api.delete(location).expect(204);
        assertThat(api.post(Api.pair(""), KEY, key).expect(410).problem()).isEqualTo("evaluation-removed");
    }

    @Test
    void aKeyIsFreeAgainWhenItsTimeIsOver() throws Exception {
        String key = UUID.randomUUID().toString();
        api.post(Api.pair(""), KEY, key).expect(202);
        age(key, "23 hours 59 minutes");
        assertThat(api.post(Api.pair(""), KEY, key).expect(202).header("Idempotent-Replayed"))
                .isEqualTo("true");
        age(key, "24 hours");
        assertThat(api.post(pairOf("later"), KEY, key).expect(202).header("Idempotent-Replayed"))
                .isEmpty();
        assertThat(api.get("/actuator/info")
                        .json()
                        .at("/idempotency/keepSeconds")
                        .asLong())
                .isEqualTo(86_400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "two words", "\"open", "a\"b", "\"bad\\escape\"", "256", "1000"})
    void aKeyThatCannotBeReadIsRefused(String key) throws Exception {
        String sent = key.matches("256|1000") ? "k".repeat(Integer.parseInt(key)) : key;
        assertThat(api.post(Api.pair(""), KEY, sent).expect(400).problem()).isEqualTo("invalid-idempotency-key");
    }

    @Test
    void theLongestKeyIsTaken() throws Exception {
        api.post(Api.pair(""), KEY, UUID.randomUUID() + "k".repeat(219)).expect(202);
    }

    @Test
    void theKeySurvivesALostAnswerAndARestart(@TempDir Path directory) throws Exception {
        String key = UUID.randomUUID().toString();
        Service first = Service.start(directory);
        String body;
        try {
            // The client is gone before the answer: it can only ask again.
            byte[] form = Api.form(pairOf("lost"));
            try (Socket socket = new Socket("127.0.0.1", first.port())) {
                String head = "POST /api/v1/evaluations HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data;"
                        + " boundary=segmeter-test-boundary\r\nIdempotency-Key: " + key + "\r\nContent-Length: "
                        + form.length + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().write(form);
                socket.getOutputStream().flush();
                socket.getInputStream().read(); // committed; the rest of the answer is lost
            }
            Api.Answer again = first.api().post(pairOf("lost"), KEY, key).expect(202);
            assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
            body = again.text();
        } finally {
            first.stop();
        }
        Service second = Service.start(directory);
        try {
            Api.Answer replayed = second.api().post(pairOf("lost"), KEY, key).expect(202);
            assertThat(replayed.header("Idempotent-Replayed")).isEqualTo("true");
            assertThat(replayed.text()).isEqualTo(body);
            second.api().post(pairOf("found"), KEY, key).expect(422);
            assertThat(second.bean(JdbcClient.class)
                            .sql("select count(*) from evaluation")
                            .query(Long.class)
                            .single())
                    .isEqualTo(1);
        } finally {
            second.stop();
        }
    }

    private static void age(String key, String interval) {
        int aged = service.bean(JdbcClient.class)
                .sql("update idempotency_key set created_at = now() - :interval::interval where key_sha256 = :key")
                .param("interval", interval)
                .param("key", org.segmeter.evaluation.IdempotencyKey.of(key).sha256())
                .update();
        assertThat(aged).isEqualTo(1);
    }

    private static long evaluationsOf(String model) {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from evaluation where model_name = :model")
                .param("model", model)
                .query(Long.class)
                .single();
    }

    private static List<Api.Part> pairOf(String model) throws IOException {
        return Api.pair("{\"model\":{\"name\":\"%s\"}}".formatted(model));
    }

    private static List<Api.Answer> atOnce(int times, Callable<Api.Answer> request) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Api.Answer>> answers = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                answers.add(threads.submit(request));
            }
            List<Api.Answer> all = new ArrayList<>();
            for (Future<Api.Answer> answer : answers) {
                all.add(answer.get());
            }
            return all;
        }
    }
}
