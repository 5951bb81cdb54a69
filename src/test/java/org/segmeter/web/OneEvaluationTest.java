package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What is submitted twice, by intention or because an answer was lost, is one evaluation, whichever process receives it. */
class OneEvaluationTest {

    private static final String KEY = "Idempotency-Key";

    @TempDir
    private static Path directory;

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        service = Service.start(directory.resolve("one"), "--segmeter.natural-idempotency=true");
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    @Test
    void theSamePairAndRequestIsTheSameEvaluation() throws Exception {
        List<Api.Part> pair = pairOf(unique());
        Api.Answer first = api.post(pair, "Prefer", "wait=30").expect(200);
        Api.Answer again = api.post(pair, "Prefer", "wait=30").expect(200);
        assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(again.header("Location")).isEqualTo(first.header("Location"));
        assertThat(again.exchange().body()).isEqualTo(first.exchange().body());
    }

    @Test
    void anotherWritingOfTheSameRequestIsTheSameEvaluation() throws Exception {
        String model = unique();
        String first = api.post(
                        Api.pair("{\"model\":{\"name\":\"%s\",\"version\":\"1\"},\"caseId\":\"c\"}".formatted(model)))
                .expect(202)
                .header("Location");
        for (String written : List.of(
                "{ \"caseId\": \"c\",\n \"model\": {\"version\": \"1\", \"name\": \"%s\"} }",
                "{\"protocol\":\"segmeter@1\",\"caseId\":\"\\u0063\",\"model\":{\"name\":\"%s\",\"version\":\"1\"}}")) {
            Api.Answer again = api.post(Api.pair(written.formatted(model))).expect(202);
            assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
            assertThat(again.header("Location")).isEqualTo(first);
        }
        assertThat(evaluationsOf(model)).isEqualTo(1);
    }

    @Test
    void anotherRequestAKeyOrTheWishForAFreshOneMakesAnother() throws Exception {
        List<Api.Part> pair = pairOf(unique());
        List<String> locations = new ArrayList<>();
        locations.add(api.post(pair).expect(202).header("Location"));
        locations.add(api.post(pairOf(unique())).expect(202).header("Location"));
        locations.add(api.post(pair, "Cache-Control", "no-cache").expect(202).header("Location"));
        locations.add(api.post(pair, KEY, unique()).expect(202).header("Location"));
        List<Api.Part> swapped = List.of(
                new Api.Part("reference", "upload", pair.get(0).content(), java.util.Map.of()),
                new Api.Part("prediction", "upload", pair.get(1).content(), java.util.Map.of()),
                pair.get(2));
        locations.add(api.post(swapped).expect(202).header("Location"));
        assertThat(locations).doesNotHaveDuplicates();
        assertThat(api.post(pair).expect(202).header("Location")).isEqualTo(locations.getFirst());
    }

    @Test
    void whatFailedWasCancelledOrRemovedMayBeTriedAgain() throws Exception {
        List<Api.Part> broken = List.of(
                Api.pair("").getFirst(), Api.Part.bytes("reference", unique().getBytes(StandardCharsets.UTF_8)));
        String failed = api.post(broken, "Prefer", "wait=30").expect(422).header("Location");
        assertThat(api.post(broken, "Prefer", "wait=30").expect(422).header("Location"))
                .isNotEqualTo(failed);
        List<Api.Part> pair = pairOf(unique());
        String scored = api.post(pair, "Prefer", "wait=30").expect(200).header("Location");
        api.delete(scored).expect(204);
        assertThat(api.post(pair, "Prefer", "wait=30").expect(200).header("Location"))
                .isNotEqualTo(scored);
    }

    @Test
    void aCommitWhoseConnectionBrokeIsLookedFor() throws Exception {
        BrokenCommits commits = service.bean(BrokenCommits.class);
        int before = commits.broken();
        String model = unique();
        commits.breakAfterTheNext();
        Api.Answer accepted = api.post(pairOf(model)).expect(202);
        assertThat(commits.broken()).isEqualTo(before + 1);
        assertThat(evaluationsOf(model)).isEqualTo(1);
        assertThat(api.finished(accepted.header("Location")).path("state").asString())
                .isEqualTo("SUCCEEDED");

        String lost = unique();
        commits.breakBeforeTheNext();
        Api.Answer refused = api.post(pairOf(lost)).expect(503);
        assertThat(commits.broken()).isEqualTo(before + 2);
        assertThat(refused.problem()).isEqualTo("unavailable");
        assertThat(refused.header("Retry-After")).isNotEmpty();
        assertThat(evaluationsOf(lost)).isZero();
        api.post(pairOf(lost)).expect(202);
        assertThat(evaluationsOf(lost)).isEqualTo(1);
    }

    @Test
    void aHundredAtOnceAtTwoProcessesAreOneEvaluation() throws Exception {
        // The second has the first one's database and files, as replicas do.
        Path second = Files.createDirectories(directory.resolve("two"));
        Files.createSymbolicLink(second.resolve("blobs"), directory.resolve("one/blobs"));
        JdbcConnectionDetails database = service.bean(JdbcConnectionDetails.class);
        Service other = Service.start(
                second,
                "--segmeter.natural-idempotency=true",
                "--segmeter.database.url=" + database.getJdbcUrl(),
                "--segmeter.database.user=" + database.getUsername(),
                "--segmeter.database.password=" + database.getPassword());
        try {
            String key = unique();
            String keyed = unique();
            AtomicInteger turn = new AtomicInteger();
            List<Api> both = List.of(api, other.api());
            List<Api.Answer> answers =
                    atOnce(100, () -> both.get(turn.getAndIncrement() % 2).post(pairOf(keyed), KEY, key));
            assertThat(answers).allSatisfy(answer -> {
                // An upload too many is told to come back; all others are one.
                assertThat(answer.status()).as(answer.text()).isIn(202, 409, 429, 503);
                assertThat(answer.status() == 202
                                || !answer.header("Retry-After").isEmpty())
                        .isTrue();
            });
            assertThat(answers.stream()
                            .filter(answer -> answer.status() == 202)
                            .map(Api.Answer::text)
                            .distinct())
                    .hasSize(1);
            assertThat(answers.stream().filter(answer -> answer.status() == 409))
                    .isNotEmpty();
            assertThat(evaluationsOf(keyed)).isEqualTo(1);

            String natural = unique();
            List<Api.Answer> same =
                    atOnce(40, () -> both.get(turn.getAndIncrement() % 2).post(pairOf(natural)));
            assertThat(same.stream().filter(answer -> answer.status() == 202).count())
                    .isGreaterThan(10);
            assertThat(same.stream()
                            .filter(answer -> answer.status() == 202)
                            .map(answer -> answer.header("Location"))
                            .distinct())
                    .hasSize(1);
            assertThat(evaluationsOf(natural)).isEqualTo(1);

            aKeyThatOneProcessIsReceivingIsRefusedByTheOther(other);
        } finally {
            other.stop();
        }
    }

    private static void aKeyThatOneProcessIsReceivingIsRefusedByTheOther(Service other) throws Exception {
        String key = unique();
        String model = unique();
        byte[] form = Api.form(pairOf(model));
        try (RawClient sender =
                new RawClient(service.port(), "127.0.0.1").head("Content-Length: " + form.length, KEY + ": " + key)) {
            sender.send(form, 0, 500);
            long end = System.nanoTime() + 20_000_000_000L;
            while (held(key) == 0) {
                assertThat(System.nanoTime())
                        .as("waiting until the key is held")
                        .isLessThan(end);
                Thread.sleep(10);
            }
            Api.Answer refused = other.api().post(pairOf(model), KEY, key).expect(409);
            assertThat(refused.problem()).isEqualTo("idempotency-key-in-use");
            assertThat(refused.header("Retry-After")).isEqualTo("1");
            sender.send(form, 500, form.length - 500);
            assertThat(sender.answer().status()).isEqualTo(202);
        }
        assertThat(other.api().post(pairOf(model), KEY, key).expect(202).header("Idempotent-Replayed"))
                .isEqualTo("true");
        assertThat(held(key)).isZero();
        assertThat(evaluationsOf(model)).isEqualTo(1);
        // A process that died while it received holds its key no longer than its note is renewed.
        String dead = unique();
        service.bean(JdbcClient.class)
                .sql("insert into idempotency_key_in_use values (:key, gen_random_uuid(), now() - interval '1 second')")
                .param("key", org.segmeter.evaluation.IdempotencyKey.of(dead).sha256())
                .update();
        api.post(pairOf(unique()), KEY, dead).expect(202);
    }

    private static long held(String key) {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from idempotency_key_in_use where key_sha256 = :key")
                .param("key", org.segmeter.evaluation.IdempotencyKey.of(key).sha256())
                .query(Long.class)
                .single();
    }

    private static String unique() {
        return "m-" + UUID.randomUUID();
    }

    private static List<Api.Part> pairOf(String model) throws IOException {
        return Api.pair("{\"model\":{\"name\":\"%s\"}}".formatted(model));
    }

    private static long evaluationsOf(String model) {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from evaluation where model_name = :model")
                .param("model", model)
                .query(Long.class)
                .single();
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
