package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.evaluation.ControlledEngine;
import tools.jackson.databind.JsonNode;

/** An evaluation that takes too long, does not stop or finds no space comes to a final state, or goes on when it can. */
class StuckEvaluationTest {

    private static final double LIMIT_SECONDS = 1.5;

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start(@TempDir Path directory) throws IOException {
        service = Service.start(
                directory, "--segmeter.stage-timeouts.decoding=1500ms", "--segmeter.stage-timeouts.measuring=4s");
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"block", "wait", "spin"})
    void aStageThatTakesTooLongEndsTheEvaluation(String how) throws Exception {
        double timeouts = completed("timeout");
        double fenced = fenced();
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"%s\"}}".formatted(how)))
                .expect(202)
                .header("Location");
        JsonNode failed = api.finished(location);
        assertThat(failed.path("state").asString()).isEqualTo("FAILED");
        assertThat(failed.path("attempt").asInt()).isEqualTo(1);
        assertThat(failed.at("/problem/type").asString()).isEqualTo("/problems/timeout");
        assertThat(failed.at("/problem/stage").asString()).isEqualTo("decoding");
        assertThat(failed.at("/problem/limitSeconds").asDouble()).isEqualTo(LIMIT_SECONDS);
        // By the database's clock, not by how fast this test looked.
        assertThat(Duration.between(
                        Instant.parse(failed.path("startedAt").asString()),
                        Instant.parse(failed.path("finishedAt").asString())))
                .isGreaterThanOrEqualTo(Duration.ofMillis(1500));
        assertThat(completed("timeout")).isEqualTo(timeouts + 1);
        if (how.equals("spin")) {
            service.bean(ControlledEngine.class).open();
            await(() -> fenced() == fenced + 1);
            assertThat(api.get(location).json().path("problem")).isEqualTo(failed.path("problem"));
        }
        // The thread is there for others.
        await(() -> gauge("segmeter.workers.busy") == 0);
        api.post(Api.pair(""), "Prefer", "wait=30").expect(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"block", "wait", "spin"})
    void aCancelledEvaluationIsCancelledWhateverItsThreadDoes(String how) throws Exception {
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"%s\"}}".formatted(how)))
                .expect(202)
                .header("Location");
        api.reaches(location, "RUNNING");
        assertThat(api.delete(location).status()).isEqualTo(202);
        JsonNode cancelled = api.finished(location);
        assertThat(cancelled.path("state").asString()).isIn("CANCELLED", "FAILED");
        if (cancelled.path("state").asString().equals("FAILED")) {
            // On a slow machine the time was over before the client asked.
            assertThat(cancelled.at("/problem/type").asString()).isEqualTo("/problems/timeout");
        }
        if (how.equals("spin")) {
            service.bean(ControlledEngine.class).open();
        }
        await(() -> gauge("segmeter.workers.busy") == 0);
    }

    @Test
    void anEvaluationThatFindsNoSpaceWaitsForSomeAndIsNotQuarantined() throws Exception {
        ControlledEngine engine = service.bean(ControlledEngine.class);
        int met = engine.metFull();
        engine.full(true);
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"full\"}}"))
                .expect(202)
                .header("Location");
        await(() -> engine.metFull() > met);
        await(() -> api.get(location).json().path("state").asString().equals("QUEUED"));
        api.get("/readyz").expect(200);
        engine.full(false);
        JsonNode done = api.finished(location);
        assertThat(done.path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(done.path("attempt").asInt()).isGreaterThan(1);
    }

    @Test
    void lossesThatTakeTooLongDoNotKeepOthersFromTheirs() throws Exception {
        String slow = api.post(Api.pair("{\"labels\":{\"test\":\"block-losses\"}}"), "Prefer", "wait=30")
                .expect(200)
                .header("Location");
        String other = api.post(Api.pair(""), "Prefer", "wait=30").expect(200).header("Location");
        Api.Answer tooLong = api.get(slow + "/loss").expect(422);
        assertThat(tooLong.problem()).isEqualTo("timeout");
        assertThat(tooLong.json().path("limitSeconds").asDouble()).isEqualTo(4);
        assertThat(tooLong.json().path("instance").asString()).isEqualTo(slow);
        api.get(other + "/loss").expect(200);
    }

    private static double completed(String outcome) {
        return service.bean(MeterRegistry.class)
                .get("segmeter.jobs.completed")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private static double fenced() {
        return service.bean(MeterRegistry.class)
                .get("segmeter.job.fenced.writes")
                .counter()
                .count();
    }

    private static double gauge(String name) {
        return service.bean(MeterRegistry.class).get(name).gauge().value();
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(20);
        }
    }
}
