package org.segmeter.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.cli.CommandLineTool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

@DisplayName("Inputs and their results")
class RetentionPolicyTest {

    private static JsonNode withoutItsTimes(JsonNode scorecard) {
        ((ObjectNode) scorecard).remove(java.util.List.of("id", "createdAt", "startedAt"));
        return scorecard;
    }

    @Test
    void canBeScoredAgainWhileTheyAreStored() throws Exception {
        Api api = Service.shared().api();
        String first = api.post(Api.pair("{\"caseId\":\"again\"}"), "Prefer", "wait=30")
                .expect(200)
                .header("Location");
        String second = api.postJson(first + "/rescore", "").expect(202).header("Location");

        assertThat(second).isNotEqualTo(first);
        assertThat(api.finished(second).path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(withoutItsTimes(api.get(second + "/scorecard").json()))
                .isEqualTo(withoutItsTimes(api.get(first + "/scorecard").json()));
        assertThat(api.postJson("/api/v1/evaluations/00000000-0000-0000-0000-000000000000/rescore", "")
                        .expect(404)
                        .problem())
                .isEqualTo("evaluation-not-found");
        assertThat(api.get("/api/v1/retention").expect(200).json().path("classes"))
                .hasSize(3)
                .allSatisfy(kind -> assertThat(kind.has("keepSeconds")).isFalse());
    }

    @Test
    void partWhenInputsGoAsSoonAsTheyWereScored(@TempDir Path data) throws Exception {
        Service service = Service.start(data, "--segmeter.retention.inputs=0", "--segmeter.retention.results=365d");
        try {
            Api api = service.api();
            String location =
                    api.post(Api.pair(""), "Prefer", "wait=30").expect(200).header("Location");
            await(() -> service.storedFiles() == 0);

            assertThat(api.get(location + "/scorecard")
                            .expect(200)
                            .json()
                            .at("/segments/0/metrics/dice/value")
                            .asDouble())
                    .isEqualTo(1);
            assertThat(api.get(location).expect(200).json().path("state").asString())
                    .isEqualTo("SUCCEEDED");
            assertThat(api.postJson(location + "/rescore", "").expect(410).problem())
                    .isEqualTo("inputs-removed");

            // The same files sent again are stored again, for as long as their own evaluation takes.
            List<Api.Part> withImage = new ArrayList<>(Api.pair(""));
            withImage.add(Api.Part.bytes("image", TinyVolume.cube(1, 1, 1, 3)));
            String seen = api.post(withImage, "Prefer", "wait=30").expect(200).header("Location");
            await(() -> service.storedFiles() == 0);
            assertThat(api.get(seen + "/image").expect(410).problem()).isEqualTo("inputs-removed");

            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertThat(CommandLineTool.run(
                            new String[] {"retention", "--url", "http://127.0.0.1:" + service.port()},
                            new PrintStream(out, true, StandardCharsets.UTF_8),
                            System.err))
                    .isZero();
            assertThat(out.toString(StandardCharsets.UTF_8).lines().toList())
                    .hasSize(4)
                    .anySatisfy(line -> assertThat(line).startsWith("inputs").contains("PT0S"))
                    .anySatisfy(line -> assertThat(line).startsWith("results").contains("PT8760H"))
                    .anySatisfy(line -> assertThat(line).startsWith("audit").contains("for ever"));
        } finally {
            service.stop();
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("time").isLessThan(end);
            Thread.sleep(20);
        }
    }
}
