package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.kagkarlsson.scheduler.Clock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.flyway.autoconfigure.FlywayConnectionDetails;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import tools.jackson.databind.JsonNode;

/** What is sent and not asked for is refused, not passed over; and what only few clients do is answered as it says. */
class UnusualRequestsTest {

    private static Service service;
    private static Api api;
    private static String scored;

    @BeforeAll
    static void start() throws IOException {
        service = Service.shared();
        api = service.api();
        scored = api.post(Api.pair(""), "Prefer", "wait=30").expect(200).header("Location");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/scorecard", "/loss", "/calibration", "/fragility", "/verify", "/events", "/slices"})
    void aParameterThatNobodyKnowsIsRefused(String what) {
        Api.Answer refused = api.wrong("GET", scored + what + "?bogus=1").expect(400);
        assertThat(refused.problem()).isEqualTo("invalid-parameter");
        assertThat(refused.json().path("parameter").asString()).isEqualTo("bogus");
        assertThat(refused.json().path("detail").asString()).startsWith("The parameter 'bogus' is not known; there ");
    }

    @Test
    void aParameterIsKnownHoweverItIsEscapedAndWhereverItIsDescribed() throws Exception {
        try (RawClient client = new RawClient(service.port(), "127.0.0.1")) {
            client.send("GET /api/v1/evaluations?l%69mit=1& HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            RawClient.Answer answer = client.answer();
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(Api.JSON.readTree(answer.body()).path("evaluations").size())
                    .isEqualTo(1);
        }
        api.get(scored + "/slices?plane=axial&segment=1").expect(200);
        assertThat(api.wrong("GET", "/api/v1/evaluations?limit=1&Limit=1")
                        .expect(400)
                        .problem())
                .isEqualTo("invalid-parameter");
        assertThat(api.wrong("GET", "/api/v1/metrics?x=")
                        .expect(400)
                        .json()
                        .path("detail")
                        .asString())
                .endsWith("there is none.");
    }

    @Test
    void scoringOnceMoreTakesNoBody() {
        JsonNode before = api.get("/api/v1/evaluations?limit=1").json().at("/evaluations/0/id");
        Api.Answer refused = api.postWrongJson(scored + "/rescore", "{\"protocol\":\"monai@1\"}")
                .expect(400);
        assertThat(refused.problem()).isEqualTo("bad-request");
        assertThat(refused.json().path("detail").asString()).contains("takes no body");
        assertThat(api.get("/api/v1/evaluations?limit=1").json().at("/evaluations/0/id"))
                .as("the youngest evaluation")
                .isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"wait=60", "wait=999999999", "wait=99999999999", "respond-async, wait=\"340282366920938463463\""
            })
    void whoWouldWaitForEverWaitsAsLongAsIsGranted(String preference) throws IOException {
        assertThat(api.post(Api.pair(""), "Prefer", preference).expect(200).header("Preference-Applied"))
                .isEqualTo("wait=60");
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONNECT localhost:80", "CONNECT /livez", "PROPFIND /api/v1/evaluations", "SMUGGLE /livez"})
    void aMethodThatNobodyKnowsIsNoFaultOfTheService(String line) throws Exception {
        try (RawClient client = new RawClient(service.port(), "127.0.0.1")) {
            client.send((line + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            RawClient.Answer answer = client.answer();
            assertThat(answer.status()).isEqualTo(501);
            assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
            assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
            JsonNode problem = Api.JSON.readTree(answer.body());
            assertThat(problem.path("type").asString()).isEqualTo("/problems/method-not-implemented");
            assertThat(problem.path("status").asInt()).isEqualTo(501);
        }
        api.get("/problems/method-not-implemented").expect(200);
    }

    @Test
    void everythingThatIsDoneRegularlyHasAThread() {
        List<?> tasks = List.copyOf(
                service.bean(ScheduledAnnotationBeanPostProcessor.class).getScheduledTasks());
        assertThat(tasks)
                .hasSizeGreaterThan(10)
                .hasSizeLessThanOrEqualTo(service.bean(ThreadPoolTaskScheduler.class)
                        .getScheduledThreadPoolExecutor()
                        .getCorePoolSize());
    }

    @Test
    void theQueueGoesByTheTimeOfTheDatabase() {
        Instant before = service.bean(JdbcClient.class)
                .sql("select clock_timestamp()")
                .query((row, number) -> row.getTimestamp(1).toInstant())
                .single();
        Clock clock = service.bean(Clock.class);
        assertThat(clock.getClass().getSimpleName()).isEqualTo("DatabaseClock");
        assertThat(clock.now()).isAfter(before.minusMillis(500));
    }

    @Test
    void aMigrationMayTakeLongerThanTheAnswerToARequest() {
        assertThat(service.bean(JdbcConnectionDetails.class).getJdbcUrl()).contains("socketTimeout=60");
        assertThat(service.bean(FlywayConnectionDetails.class).getJdbcUrl()).contains("socketTimeout=21600");
    }
}
