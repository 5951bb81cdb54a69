package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service that is asked to end ends in good order: status 0, and what it was working on is finished by the next one. */
class DrainIT {

    private static final int SUBMISSIONS = 30;

    @Test
    void nothingIsLostWhenTheServiceIsAskedToEnd(@TempDir Path data) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        Path samples = Path.of("src/test/resources/samples");
        Form form = new Form(
                Files.readAllBytes(samples.resolve("s01_binary_single.perturbed.nii.gz")),
                Files.readAllBytes(samples.resolve("s01_binary_single.dcm")));
        List<String> locations = new ArrayList<>();
        int status;
        try (JarProcess first = JarProcess.shortLived(data).awaitReady(Duration.ofSeconds(120))) {
            for (int i = 0; i < SUBMISSIONS; i++) {
                HttpResponse<String> answer =
                        http.send(form.request(first.uri("/api/v1/evaluations")), HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(202);
                locations.add(answer.headers().firstValue("Location").orElseThrow());
            }
            first.terminate();
            status = first.awaitExit(Duration.ofSeconds(60));
            assertThat(first.output()).doesNotContain("Exception");
        }
        assertThat(status).isZero();
        int attempts = 0;
        try (JarProcess second = JarProcess.shortLived(data).awaitReady(Duration.ofSeconds(120))) {
            for (String location : locations) {
                String evaluation = "";
                for (long end = System.nanoTime() + 60_000_000_000L;
                        !evaluation.contains("\"state\":\"SUCCEEDED\"") && System.nanoTime() < end; ) {
                    evaluation = http.send(
                                    HttpRequest.newBuilder(second.uri(location)).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body();
                    Thread.sleep(20);
                }
                assertThat(evaluation).contains("\"state\":\"SUCCEEDED\"");
                attempts += evaluation.contains("\"attempt\":1,") ? 1 : 2;
            }
        }
        System.out.printf("DrainIT: %d acknowledged, 0 lost, status %d, %d attempts%n", SUBMISSIONS, status, attempts);
    }
}
