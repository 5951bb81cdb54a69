package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.segmeter.deployment.WorkingCopy.at;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The image is built and used for real by {@code ops/container-test}, where an engine is; here is what can be read from the file. */
@DisplayName("The Dockerfile")
class DockerfileTest {

    private final String dockerfile;
    private final String lastStage;

    DockerfileTest() throws IOException {
        dockerfile = WorkingCopy.read("Dockerfile");
        lastStage = dockerfile.substring(dockerfile.lastIndexOf("\nFROM "));
    }

    @Test
    void runsAsAUserByNumberWhoIsNotRoot() {
        assertThat(lastStage).containsPattern("\nUSER 1\\d{4}:1\\d{4}\n");
    }

    @Test
    void theChartRunsItAsTheSameUserOnTheSameDirectory() throws IOException {
        assertThat(WorkingCopy.read("helm/segmeter/templates/_names.tpl")).contains("runAsUser: 10001");
        assertThat(lastStage).contains("USER 10001:10001", "VOLUME [\"/var/lib/segmeter/data\"]");
        assertThat(WorkingCopy.read("helm/segmeter/templates/workload.yaml"))
                .contains("mountPath: /var/lib/segmeter/data");
    }

    @Test
    void needsNoShellWhereItRunsSoThatASmallBaseWillDo() {
        assertThat(lastStage).doesNotContain("\nRUN ", "curl", "wget", "sh -c");
    }

    @Test
    void carriesTheJarAndTheLicenceAndNoSecret() {
        assertThat(dockerfile.lines().filter(line -> line.startsWith("COPY ") && !line.contains("--from=")))
                .containsExactlyInAnyOrder(
                        "COPY target/segmeter.jar segmeter.jar", "COPY LICENSE /opt/segmeter/LICENSE");
        assertThat(dockerfile).doesNotContain("\nADD ");
        assertThat(dockerfile).doesNotContainPattern("(?i)password|secret|token|api.?key");
    }

    @Test
    void takesItsBaseFromTheBuilder() {
        assertThat(dockerfile).contains("ARG BASE=eclipse-temurin:25-jre");
        assertThat(dockerfile.lines().filter(line -> line.startsWith("FROM ")))
                .allMatch(line -> line.contains("${BASE}"));
    }

    @Test
    void endsTheProcessWhenMemoryIsExhaustedAndTakesItsHeapFromTheLimitOfTheContainer() {
        assertThat(lastStage)
                .contains("-XX:+ExitOnOutOfMemoryError", "-XX:MaxRAMPercentage=")
                .contains("STOPSIGNAL SIGTERM", "HEALTHCHECK");
    }

    @Test
    void startsTheVirtualMachineWithTheFlagsOfTheBuild() throws IOException {
        String pom = WorkingCopy.read("pom.xml");
        String flags = pom.substring(
                pom.indexOf("<segmeter.jvm.flags>") + "<segmeter.jvm.flags>".length(),
                pom.indexOf("</segmeter.jvm.flags>"));

        assertThat(List.of(flags.split(" ", -1)))
                .isNotEmpty()
                .allSatisfy(flag -> assertThat(lastStage).contains("\"" + flag + "\""));
    }

    @Test
    void isTaggedWithTheVersionOfTheProjectByTheComposeFile() throws IOException {
        Map<String, Object> compose = WorkingCopy.yaml(WorkingCopy.read("docker-compose.yml"));

        assertThat(at(compose, "services", "segmeter", "image").toString())
                .isEqualTo("${SEGMETER_IMAGE:-segmeter:" + WorkingCopy.version() + "}");
        assertThat(at(compose, "services", "segmeter", "build", "args", "VERSION"))
                .isEqualTo(WorkingCopy.version());
    }
}
