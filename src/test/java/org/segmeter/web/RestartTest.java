package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.evaluation.ControlledEngine;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A service that is shut down in good order hands its work to the next one. */
class RestartTest {

    @Test
    void whatWasBeingScoredIsHandedBackAndDoesNotCountAsAnAttemptOfTheInput(@TempDir Path directory) throws Exception {
        Service first = Service.start(directory, "--db-scheduler.shutdown-max-wait=100ms");
        String running;
        String done;
        try {
            done = first.api()
                    .post(Api.pair(""), "Prefer", "wait=30")
                    .expect(200)
                    .header("Location");
            running = first.api()
                    .post(Api.pair("{\"labels\":{\"test\":\"block\"}}"))
                    .expect(202)
                    .header("Location");
            first.api().reaches(running, "RUNNING");
        } finally {
            first.stop();
        }
        Service second = Service.start(directory);
        try {
            second.api().reaches(running, "RUNNING");
            second.bean(ControlledEngine.class).open();
            JsonNode finished = second.api().finished(running);
            assertThat(finished.path("state").asString()).isEqualTo("SUCCEEDED");
            assertThat(finished.path("attempt").asInt()).isEqualTo(2);
            assertThat(second.bean(JdbcClient.class)
                            .sql("select sum(handed_back) from evaluation")
                            .query(Long.class)
                            .single())
                    .isEqualTo(1);
            assertThat(second.api().get(done).expect(200).json().path("state").asString())
                    .isEqualTo("SUCCEEDED");
        } finally {
            second.stop();
        }
        assertThat(directory.resolve("postgres/postmaster.pid")).doesNotExist();
    }
}
