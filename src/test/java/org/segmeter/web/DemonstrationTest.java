package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.batch.Batches;
import org.segmeter.database.StartRefused;
import org.segmeter.demo.Refusal;
import org.segmeter.evaluation.BlobStore;
import org.segmeter.evaluation.KeptContent;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A service that was started with {@code --demo} has something to look at, which goes with one request. */
class DemonstrationTest {

    private static final String BATCH = "/api/v1/batches/5e9de30a-0000-4000-8000-000000000001";

    @Test
    void evaluationsOfAYearAppearAndAreRemovedWithOneRequest(@TempDir Path directory) throws Exception {
        Service service = Service.start(directory, "--segmeter.demo=true");
        try {
            Api api = service.api();
            List<JsonNode> finished = new ArrayList<>();
            long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
            while (finished.size() < 30 && System.nanoTime() < end) {
                Thread.sleep(200);
                if (api.get("/api/v1/batches").json().path("batches").isEmpty()) {
                    continue;
                }
                finished = StreamSupport.stream(
                                api.get(BATCH + "/items?state=SUCCEEDED&limit=1000")
                                        .expect(200)
                                        .json()
                                        .path("items")
                                        .spliterator(),
                                false)
                        .toList();
            }
            assertThat(finished).hasSizeGreaterThanOrEqualTo(30);
            assertThat(api.get(BATCH).json().path("demo").asBoolean()).isTrue();
            Set<String> structures =
                    segments(api.get(finished.getFirst().path("evaluation").asString())
                            .json()
                            .path("scorecard"));
            assertThat(structures).containsExactlyInAnyOrder("Liver", "Spleen", "Left kidney", "Pancreas");
            Instant oldest = Instant.now();
            for (JsonNode item : finished) {
                JsonNode evaluation =
                        api.get(item.path("evaluation").asString()).expect(200).json();
                assertThat(evaluation.path("labels").path("demo").asString()).isEqualTo("true");
                Instant created = Instant.parse(evaluation.path("createdAt").asString());
                assertThat(Instant.parse(evaluation.path("finishedAt").asString()))
                        .isAfter(created);
                oldest = created.isBefore(oldest) ? created : oldest;
            }
            assertThat(Duration.between(oldest, Instant.now())).isGreaterThan(Duration.ofDays(180));
            assertThat(api.get("/api/v1/batches/" + BATCH.substring(16))
                            .json()
                            .path("items")
                            .path("failed")
                            .asInt())
                    .isZero();

            // A start with the option does nothing as long as the demonstration is there, and refuses beside others.
            refusal(service);
            api.delete(BATCH + "?evaluations=remove").expect(204);
            assertThat(api.get("/api/v1/evaluations").json().path("evaluations"))
                    .isEmpty();
            refusal(service);
            api.post(Api.pair(""), "Prefer", "wait=60").expect(200);
            assertThatThrownBy(() -> refusal(service))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("SEGMETER_DEMO");
        } finally {
            service.stop();
        }
    }

    private static Set<String> segments(JsonNode card) {
        return StreamSupport.stream(card.path("segments").spliterator(), false)
                .map(segment -> segment.path("segment").path("label").asString())
                .collect(Collectors.toSet());
    }

    private static void refusal(Service service) {
        Refusal.start(
                service.bean(Batches.class),
                service.bean(BlobStore.class),
                service.bean(KeptContent.class),
                service.bean(JdbcClient.class));
    }
}
