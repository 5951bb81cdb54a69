package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("The packaged jar")
class PackagedJarIT {

    private static final String PREDICTION = "examples/organs/prediction.dcm";
    private static final String REFERENCE = "examples/organs/reference.nii.gz";

    record Answer(int status, byte[] output) {}

    @Test
    @Timeout(120)
    void printsTheScorecardAndNothingElse() throws IOException, InterruptedException {
        Answer answer = run("score", PREDICTION, REFERENCE, "--json");

        assertThat(answer.status()).isZero();
        JsonNode scorecard = JsonMapper.shared().readTree(answer.output());
        assertThat(scorecard.at("/segments/0/metrics/dice/value").doubleValue())
                .isEqualTo(2.0 * 1280 / (2 * 1280 + 355 + 185));
    }

    @Test
    @Timeout(120)
    void knowsItsVersion() throws IOException, InterruptedException {
        Answer answer = run("--version");

        assertThat(answer.status()).isZero();
        assertThat(new String(answer.output())).startsWith("segmeter " + WorkingCopy.version());
    }

    private static Answer run(String... arguments) throws IOException, InterruptedException {
        String jar = System.getProperty("segmeter.jar");
        assertThat(jar).as("system property segmeter.jar, set by the build").isNotNull();
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                jar));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(WorkingCopy.ROOT.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        byte[] output;
        try (InputStream stream = process.getInputStream()) {
            output = stream.readAllBytes();
        }
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Answer(process.exitValue(), output);
    }
}
