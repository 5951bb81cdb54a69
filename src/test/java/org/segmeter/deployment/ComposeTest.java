package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.segmeter.deployment.WorkingCopy.at;
import static org.segmeter.deployment.WorkingCopy.mapping;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The compose file")
class ComposeTest {

    private static final String PROMETHEUS = "ops/prometheus/prometheus.yml";

    private final Map<String, Object> compose;

    ComposeTest() throws IOException {
        compose = WorkingCopy.yaml(WorkingCopy.read("docker-compose.yml"));
    }

    @Test
    void runsTheServiceAPostgresqlAndAPrometheus() {
        assertThat(services()).containsOnlyKeys("segmeter", "postgres", "prometheus");
    }

    @Test
    void everyContainerIsHardened() {
        assertThat(services().values()).allSatisfy(service -> {
            assertThat(at(service, "read_only")).isEqualTo(true);
            assertThat(at(service, "cap_drop")).isEqualTo(List.of("ALL"));
            assertThat(at(service, "security_opt")).isEqualTo(List.of("no-new-privileges:true"));
            assertThat(mapping(service)).containsKeys("pids_limit", "mem_limit", "stop_grace_period", "restart");
            assertThat(mapping(service)).doesNotContainKeys("privileged", "network_mode", "pid", "ipc");
            assertThat(at(service, "image").toString())
                    .doesNotContain(":latest")
                    .contains(":");
        });
    }

    @Test
    void everyPortIsOnThisMachineOnly() {
        assertThat(services().values())
                .allSatisfy(service -> assertThat((List<?>) mapping(service).getOrDefault("ports", List.of()))
                        .allSatisfy(port -> assertThat(port.toString()).startsWith("127.0.0.1:")));
        assertThat(mapping(at(services(), "postgres"))).doesNotContainKey("ports");
    }

    @Test
    void thePasswordIsAFileThatIsNotCommittedAndNoEnvironmentHoldsIt() throws IOException {
        assertThat(at(compose, "secrets", "database-password", "file")).isEqualTo("./ops/secrets/database-password");
        assertThat(WorkingCopy.read(".gitignore")).contains("/ops/secrets/");
        assertThat(services().values())
                .allSatisfy(service -> assertThat(mapping(mapping(service).getOrDefault("environment", Map.of())))
                        .doesNotContainKeys("POSTGRES_PASSWORD", "SEGMETER_DATABASE_PASSWORD"));
        assertThat(at(services(), "segmeter", "secrets", 0, "target")).isEqualTo("segmeter.database.password");
    }

    @Test
    void theDatabaseKeepsWhatItAcknowledged() {
        assertThat(at(services(), "postgres", "command").toString())
                .contains("fsync=on", "synchronous_commit=on", "full_page_writes=on");
        assertThat(at(services(), "postgres", "environment", "POSTGRES_INITDB_ARGS"))
                .isEqualTo("--data-checksums");
    }

    @Test
    void theServiceStartsWhenTheDatabaseAnswersAndHasTimeToStop() throws IOException {
        assertThat(at(services(), "segmeter", "depends_on", "postgres", "condition"))
                .isEqualTo("service_healthy");
        assertThat(mapping(at(services(), "postgres"))).containsKey("healthcheck");
        assertThat(mapping(at(services(), "prometheus"))).containsKey("healthcheck");
        assertThat(WorkingCopy.read("Dockerfile")).contains("HEALTHCHECK");
        assertThat(at(services(), "segmeter", "stop_grace_period")).isEqualTo("90s");
    }

    @Test
    void whatMustSurviveIsOnNamedVolumes() {
        assertThat(mapping(at(compose, "volumes")).keySet())
                .containsExactlyInAnyOrder("segmeter-data", "postgres-data", "prometheus-data");
        assertThat(at(services(), "segmeter", "volumes")).isEqualTo(List.of("segmeter-data:/var/lib/segmeter/data"));
    }

    @Test
    void prometheusScrapesTheServiceByItsNameAndPort() throws IOException {
        Object job = at(WorkingCopy.yaml(WorkingCopy.read(PROMETHEUS)), "scrape_configs", 0);

        assertThat(at(job, "metrics_path")).isEqualTo("/actuator/prometheus");
        assertThat(at(job, "static_configs", 0, "targets")).isEqualTo(List.of("segmeter:8080"));
        assertThat(at(services(), "segmeter", "ports", 0).toString()).endsWith(":8080");
        assertThat((List<?>) at(services(), "prometheus", "volumes"))
                .first()
                .isEqualTo("./" + PROMETHEUS + ":/etc/prometheus/prometheus.yml:ro");
    }

    @Test
    void promtoolAcceptsTheConfiguration() throws IOException, InterruptedException {
        assumeTrue(
                isInstalled("promtool"),
                "NOT RUN: promtool is not installed (Debian's package prometheus has it), so it did not check "
                        + PROMETHEUS);

        Process promtool = new ProcessBuilder("promtool", "check", "config", PROMETHEUS)
                .directory(WorkingCopy.ROOT.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(promtool.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(promtool.exitValue()).as(output).isZero();
    }

    private Map<String, Object> services() {
        return mapping(at(compose, "services"));
    }

    private static boolean isInstalled(String program) {
        String path = System.getenv("PATH");
        return path != null
                && Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }
}
