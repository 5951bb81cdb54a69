package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.ControlledEngine;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A crash of the database server may undo a claim while its evaluation is being scored. The evaluation must not be lost with it. */
class LostClaimTest {

    @TempDir
    private static Path directory;

    private static Service service;
    private static Api api;

    @BeforeAll
    static void start() throws Exception {
        service = Service.start(directory);
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.stop();
    }

    @Test
    void anEvaluationWhoseClaimIsUndoneIsScoredByTheNextAttempt() throws Exception {
        String location = blocked();
        int undone = service.bean(JdbcClient.class)
                .sql("update evaluation set state = 'QUEUED', attempt = 0, worker = null, started_at = null where"
                        + " id = :id")
                .param("id", id(location))
                .update();
        assertThat(undone).isEqualTo(1);
        service.bean(ControlledEngine.class).open();
        api.reaches(location, "RUNNING");
        service.bean(ControlledEngine.class).open();
        JsonNode finished = api.finished(location);
        assertThat(finished.path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(finished.path("attempt").asInt()).isEqualTo(1);
        assertThat(jobs(location)).isZero();
    }

    @Test
    void anAttemptThatAnotherOneOvertookLeavesTheJobAlone() throws Exception {
        String location = blocked();
        service.bean(JdbcClient.class)
                .sql("update evaluation set attempt = 2, worker = 'another' where id = :id")
                .param("id", id(location))
                .update();
        service.bean(ControlledEngine.class).open();
        for (long end = System.nanoTime() + 20_000_000_000L; fenced() == 0; Thread.sleep(20)) {
            assertThat(System.nanoTime()).isLessThan(end);
        }
        assertThat(api.get(location).json().path("state").asString()).isEqualTo("RUNNING");
        assertThat(jobs(location)).as("the other attempt's job").isEqualTo(1);
    }

    private static String blocked() throws Exception {
        String location = api.post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                .expect(202)
                .header("Location");
        api.reaches(location, "RUNNING");
        return location;
    }

    private static double fenced() throws Exception {
        return service.bean(io.micrometer.core.instrument.MeterRegistry.class)
                .get("segmeter.job.attempts")
                .tag("outcome", "fenced")
                .counter()
                .count();
    }

    private static long jobs(String location) {
        return service.bean(JdbcClient.class)
                .sql("select count(*) from scheduled_tasks where task_instance = :id")
                .param("id", id(location).toString())
                .query(Long.class)
                .single();
    }

    private static UUID id(String location) {
        return UUID.fromString(location.substring(location.lastIndexOf('/') + 1));
    }
}
