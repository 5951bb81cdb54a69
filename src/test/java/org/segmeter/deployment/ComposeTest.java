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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The compose file")
class ComposeTest {

    private static final String PROMETHEUS = "ops/prometheus/prometheus.yml";
    private static final String RULES = "helm/segmeter/files/segmeter.rules.yml";
    private static final List<String> RULE_TESTS =
            List.of("helm/segmeter/files/segmeter.test.yml", "helm/segmeter/files/segmeter-days.test.yml");

    private final Map<String, Object> compose;

    ComposeTest() throws IOException {
        compose = WorkingCopy.yaml(WorkingCopy.read("docker-compose.yml"));
    }

    @Test
    void hasAProfileForEachShapeAndOneServiceWithoutAnyWord() throws IOException {
        assertThat(profile("single")).containsExactly("segmeter");
        assertThat(profile("replicas")).containsExactly("postgres", "proxy", "replica-a", "replica-b", "store");
        assertThat(profile("observability")).containsExactly("grafana", "prometheus");
        assertThat(profile("pacs-demo")).containsExactly("pacs", "segmeter-pacs");
        assertThat(services().values())
                .allSatisfy(
                        service -> assertThat((List<?>) at(service, "profiles")).hasSize(1));
        assertThat(WorkingCopy.read(".env")).contains("\nCOMPOSE_PROFILES=single\n");
    }

    @Test
    void everyServiceThatIsWaitedForIsOfTheSameProfile() {
        services().forEach((name, service) -> {
            Map<String, Object> others = mapping(mapping(service).getOrDefault("depends_on", Map.of()));
            assertThat(others.keySet())
                    .allSatisfy(other -> assertThat(at(services(), other, "profiles"))
                            .as(name + " waits for " + other)
                            .isEqualTo(at(service, "profiles")));
        });
    }

    @Test
    void replicasShareTheDatabaseAndTheStoreAndNoVolume() throws IOException {
        Map<String, Object> first = mapping(at(services(), "replica-a"));
        Map<String, Object> second = mapping(at(services(), "replica-b"));

        assertThat(first.get("environment")).isEqualTo(second.get("environment"));
        assertThat(mapping(first.get("environment")))
                .containsEntry("SEGMETER_DATABASE_URL", "jdbc:postgresql://postgres:5432/segmeter")
                .containsEntry("SEGMETER_STORE_ENDPOINT", "http://store:9000")
                .containsEntry("SEGMETER_STORE_BUCKET", "segmeter");
        assertThat(first.get("volumes")).isNotEqualTo(second.get("volumes"));
        assertThat(at(services(), "store", "entrypoint", 2).toString()).contains("/data/segmeter");
        assertThat(WorkingCopy.read("ops/proxy/nginx.conf"))
                .contains("server replica-a:8080", "server replica-b:8080", "proxy_request_buffering off");
    }

    @Test
    void everyContainerIsHardened() {
        assertThat(services().values()).allSatisfy(service -> {
            assertThat(at(service, "read_only")).isEqualTo(true);
            assertThat(at(service, "cap_drop")).isEqualTo(List.of("ALL"));
            assertThat(at(service, "security_opt")).isEqualTo(List.of("no-new-privileges:true"));
            assertThat(Integer.parseInt(
                            at(service, "logging", "options", "max-file").toString()))
                    .isPositive();
            assertThat(at(service, "logging", "options", "max-size").toString()).matches("\\d+m");
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
        assertThat(services().entrySet().stream()
                        .filter(service -> mapping(service.getValue()).containsKey("ports"))
                        .map(Map.Entry::getKey))
                .containsExactlyInAnyOrder("segmeter", "proxy", "prometheus", "grafana", "segmeter-pacs", "pacs");
    }

    @Test
    void everyImageCanBeReplacedByACopyAndIsHeldToItsDigestByTheLinesOfComposePin() throws IOException {
        assertThat(services().values())
                .allSatisfy(service -> assertThat(at(service, "image").toString())
                        .matches("\\$\\{[A-Z]+_IMAGE:-[a-z0-9./-]+:[A-Za-z0-9._-]*[0-9][A-Za-z0-9._-]*}"));
        assertThat(WorkingCopy.read("ops/compose-pin")).contains("[A-Z]+_(IMAGE|BASE):-[^}]+");
    }

    @Test
    void allClientsMayHaveTheProxysAddress() {
        assertThat(at(services(), "replica-a", "environment", "SEGMETER_UPLOAD_SLOTS_PER_CLIENT"))
                .isEqualTo("0");
    }

    @Test
    void thePacsForwardsWithTheKeyAndTakesTheReports() throws IOException {
        Map<String, Object> orthanc = WorkingCopy.yaml(WorkingCopy.read("ops/orthanc/orthanc.json"));
        Object service = at(services(), "segmeter-pacs");

        assertThat(at(orthanc, "DicomWeb", "Servers", "segmeter", "Url"))
                .isEqualTo("http://segmeter-pacs:8080/dicom-web/");
        assertThat(at(orthanc, "AuthenticationEnabled")).isEqualTo(true);
        assertThat(at(orthanc, "RegisteredUsers"))
                .isEqualTo(Map.of(
                        at(service, "environment", "SEGMETER_PACS_SOURCES_MAIN_USER")
                                .toString(),
                        "${PACS_PASSWORD}"));
        assertThat(at(service, "environment", "SEGMETER_PACS_SOURCES_MAIN_URL"))
                .isEqualTo("http://pacs:" + at(orthanc, "HttpPort") + "/dicom-web");
        assertThat(at(service, "secrets", 1, "target")).isEqualTo("segmeter.pacs.sources.main.password");
        assertThat(WorkingCopy.read("ops/orthanc/forward-to-segmeter.lua"))
                .contains("/run/secrets/api-key", "Authorization = 'Bearer ' .. key");
    }

    @Test
    void passwordsAreFilesThatAreNotCommittedAndNoEnvironmentHoldsOne() throws IOException {
        Map<String, Object> secrets = mapping(at(compose, "secrets"));
        assertThat(secrets)
                .containsOnlyKeys(
                        "api-key", "database-password", "store-password", "grafana-password", "pacs-password");
        String maker = WorkingCopy.read("ops/compose-secret");
        secrets.forEach((name, secret) -> {
            assertThat(at(secret, "file")).isEqualTo("./ops/secrets/" + name);
            assertThat(maker).contains(name);
        });
        assertThat(WorkingCopy.read(".gitignore")).contains("/ops/secrets/");
        assertThat(services().values())
                .allSatisfy(service -> assertThat(mapping(mapping(service).getOrDefault("environment", Map.of())))
                        .doesNotContainKeys(
                                "POSTGRES_PASSWORD",
                                "SEGMETER_DATABASE_PASSWORD",
                                "SEGMETER_SECURITY_API_KEY",
                                "SEGMETER_STORE_SECRET_KEY",
                                "MINIO_ROOT_PASSWORD",
                                "GF_SECURITY_ADMIN_PASSWORD",
                                "SEGMETER_PACS_SOURCES_MAIN_PASSWORD"));
        assertThat(at(services(), "replica-a", "secrets", 0, "target")).isEqualTo("segmeter.database.password");
    }

    @Test
    void everyServiceAsksForAKeyAndPrometheusHasIt() throws IOException {
        for (String name : List.of("segmeter", "replica-a", "replica-b", "segmeter-pacs")) {
            assertThat(at(services(), name, "environment", "SEGMETER_SECURITY_API_KEY_FILE"))
                    .isEqualTo("/run/secrets/api-key");
            assertThat((List<?>) at(services(), name, "secrets"))
                    .map(Object::toString)
                    .contains("api-key");
        }
        assertThat(at(services(), "prometheus", "secrets", 0))
                .isEqualTo(Map.of("source", "api-key", "target", "/etc/prometheus/api-key"));
        assertThat(WorkingCopy.read(PROMETHEUS)).contains("credentials_file: api-key");
    }

    @Test
    void databasesHaveSharedMemoryForSeveralQueriesAtOnce() {
        for (String name : List.of("segmeter", "segmeter-pacs", "postgres")) {
            assertThat(at(services(), name, "shm_size")).isEqualTo("256m");
        }
    }

    @Test
    void theDatabaseKeepsWhatItAcknowledged() {
        assertThat(at(services(), "postgres", "command").toString())
                .contains("fsync=on", "synchronous_commit=on", "full_page_writes=on");
        assertThat(at(services(), "postgres", "environment", "POSTGRES_INITDB_ARGS"))
                .isEqualTo("--data-checksums");
    }

    @Test
    void replicasStartWhenDatabaseAndStoreAnswerAndHaveTimeToStop() throws IOException {
        for (String replica : List.of("replica-a", "replica-b")) {
            assertThat(at(services(), replica, "depends_on", "postgres", "condition"))
                    .isEqualTo("service_healthy");
            assertThat(at(services(), replica, "depends_on", "store", "condition"))
                    .isEqualTo("service_healthy");
            assertThat(at(services(), "proxy", "depends_on", replica, "condition"))
                    .isEqualTo("service_healthy");
            assertThat(at(services(), replica, "stop_grace_period")).isEqualTo("90s");
        }
        for (String other : List.of("postgres", "store", "proxy", "prometheus", "grafana", "pacs")) {
            assertThat(mapping(at(services(), other))).containsKey("healthcheck");
        }
        assertThat(WorkingCopy.read("Dockerfile")).contains("HEALTHCHECK");
    }

    @Test
    void whatMustSurviveIsOnNamedVolumes() {
        assertThat(mapping(at(compose, "volumes")).keySet())
                .containsExactlyInAnyOrder(
                        "segmeter-data",
                        "segmeter-pacs-data",
                        "pacs-data",
                        "replica-a",
                        "replica-b",
                        "postgres-data",
                        "store-data",
                        "prometheus-data",
                        "grafana-data");
        assertThat(at(services(), "segmeter", "volumes")).isEqualTo(List.of("segmeter-data:/var/lib/segmeter/data"));
    }

    @Test
    void everyFileThatIsMountedIsThere() {
        assertThat(services().values())
                .allSatisfy(service -> assertThat((List<?>) mapping(service).getOrDefault("volumes", List.of()))
                        .allSatisfy(volume -> {
                            if (volume.toString().startsWith("./")) {
                                String file = volume.toString().split(":", -1)[0];
                                assertThat(WorkingCopy.ROOT.resolve(file)).isRegularFile();
                                assertThat(volume.toString()).endsWith(":ro");
                            }
                        }));
    }

    @Test
    void prometheusScrapesEveryServiceByItsNameAndPort() throws IOException {
        Object job = at(WorkingCopy.yaml(WorkingCopy.read(PROMETHEUS)), "scrape_configs", 0);

        assertThat(at(job, "metrics_path")).isEqualTo("/actuator/prometheus");
        assertThat(at(job, "dns_sd_configs", 0, "names"))
                .isEqualTo(List.of("segmeter", "replica-a", "replica-b", "segmeter-pacs"));
        assertThat(at(job, "dns_sd_configs", 0, "port")).isEqualTo(8080);
        assertThat(at(services(), "segmeter", "ports", 0).toString()).endsWith(":8080");
        assertThat((List<?>) at(services(), "prometheus", "volumes"))
                .map(Object::toString)
                .contains(
                        "./" + PROMETHEUS + ":/etc/prometheus/prometheus.yml:ro",
                        "./" + RULES + ":/etc/prometheus/segmeter.rules.yml:ro");
    }

    @Test
    void everyAlertHasItsPageInTheRunbookAndATestThatMakesItFire() throws IOException {
        List<String> alerts = new ArrayList<>();
        for (Object group : (List<?>) at(WorkingCopy.yaml(WorkingCopy.read(RULES)), "groups")) {
            for (Object rule : (List<?>) at(group, "rules")) {
                if (mapping(rule).containsKey("alert")) {
                    String alert = at(rule, "alert").toString();
                    alerts.add(alert);
                    assertThat(at(rule, "annotations", "runbook_url"))
                            .isEqualTo("docs/runbook.md#" + alert.toLowerCase(Locale.ROOT));
                    assertThat(at(rule, "labels", "severity")).isIn("page", "ticket");
                }
            }
        }
        String tests = WorkingCopy.read(RULE_TESTS.getFirst()) + WorkingCopy.read(RULE_TESTS.getLast());
        String runbook = WorkingCopy.read("docs/runbook.md");
        assertThat(alerts).hasSizeGreaterThan(10).allSatisfy(alert -> {
            assertThat(runbook).contains("\n## " + alert + "\n");
            assertThat(tests)
                    .contains("runbook_url: docs/runbook.md#" + alert.toLowerCase(Locale.ROOT))
                    .contains("alertname: " + alert + ", exp_alerts: []");
        });
    }

    @Test
    void promtoolFiresEveryAlertOnItsFaultAndNoneOnAHealthyService() throws IOException, InterruptedException {
        promtool(WorkingCopy.ROOT, "test", "rules", RULE_TESTS.getFirst(), RULE_TESTS.getLast());
    }

    @Test
    void promtoolAcceptsTheConfiguration(@TempDir Path directory) throws IOException, InterruptedException {
        Files.copy(WorkingCopy.ROOT.resolve(PROMETHEUS), directory.resolve("prometheus.yml"));
        Files.copy(WorkingCopy.ROOT.resolve(RULES), directory.resolve("segmeter.rules.yml"));
        Files.writeString(directory.resolve("api-key"), "as ops/compose-secret makes it");

        promtool(directory, "check", "config", "prometheus.yml");
    }

    private static void promtool(Path directory, String... arguments) throws IOException, InterruptedException {
        assumeTrue(
                isInstalled("promtool"),
                "NOT RUN: promtool is not installed (Debian's package prometheus has it), so it did not "
                        + String.join(" ", arguments));
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Process promtool = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(promtool.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(promtool.exitValue()).as(output).isZero();
    }

    private List<String> profile(String name) {
        return services().entrySet().stream()
                .filter(service -> ((List<?>) at(service.getValue(), "profiles")).contains(name))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
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
