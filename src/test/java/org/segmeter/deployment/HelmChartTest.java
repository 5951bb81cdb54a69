package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.segmeter.deployment.WorkingCopy.at;
import static org.segmeter.deployment.WorkingCopy.mapping;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1PersistentVolumeClaim;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import io.kubernetes.client.openapi.models.V2HorizontalPodAutoscaler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The Helm chart")
class HelmChartTest {

    private static final Path CHART = WorkingCopy.ROOT.resolve("helm/segmeter");

    private static final String EXTERNAL = """
        database:
          mode: external
          external: {url: "jdbc:postgresql://db.example:5432/segmeter", existingSecret: segmeter-database}
        """;

    private static final String REPLICAS = EXTERNAL + """
        replicas: 3
        persistence: {accessMode: ReadWriteMany, storageClass: shared}
        """;

    private static final String BUCKET = """
        store:
          mode: s3
          s3: {bucket: segmeter, endpoint: "https://minio.example:9000", existingSecret: segmeter-store}
        """;

    private static final String SCALED_BY_QUEUE = EXTERNAL + BUCKET + """
        autoscaling: {mode: queue, connectionSecret: segmeter-queue}
        networkPolicy: {enabled: true, storeTo: [{ipBlock: {cidr: 10.1.2.4/32}}], storePort: 9000}
        """;

    private static final String EVERYTHING = REPLICAS + """
        image: {repository: registry.example/segmeter, pullSecrets: [registry-login],
          digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
        config: {SEGMETER_UPLOAD_MAX_FILE_SIZE: 1GB, SOME_NUMBER: 3, SOME_SWITCH: true}
        javaOptions: "-Xlog:gc"
        podDisruptionBudget: {enabled: true}
        networkPolicy:
          enabled: true
          ingressFrom: [{namespaceSelector: {matchLabels: {team: radiology}}}]
          databaseTo: [{ipBlock: {cidr: 10.1.2.3/32}}]
        serviceMonitor: {enabled: true, labels: {release: prometheus}}
        prometheusRule: {enabled: true, labels: {release: prometheus}}
        dashboard: {enabled: true}
        service: {type: LoadBalancer, port: 80, annotations: {a/b: c}}
        podAnnotations: {d: e}
        podLabels: {f: g}
        nodeSelector: {disk: fast}
        tolerations: [{key: gpu, operator: Exists}]
        affinity: {nodeAffinity: {}}
        """;

    static Stream<String> valueSets() {
        return Stream.of(
                "",
                EXTERNAL,
                REPLICAS,
                EVERYTHING,
                BUCKET,
                EXTERNAL + BUCKET + "replicas: 2\n",
                SCALED_BY_QUEUE,
                REPLICAS + "autoscaling: {mode: cpu}\n",
                "persistence: {enabled: false}",
                "persistence: {existingClaim: mine}",
                "networkPolicy: {enabled: true}",
                "drainSeconds: 0",
                "security: {existingSecret: mine}",
                "security: {allowUnauthenticated: true}");
    }

    /** The library renders no hooks; in this copy the pod of helm test is an object like the others. */
    private static final String HOOK = "shown.helm.sh/hook";

    @TempDir
    static Path chartWithVisibleHooks;

    @TempDir
    Path directory;

    @BeforeAll
    static void makeHooksVisible() throws IOException {
        try (Stream<Path> files = Files.walk(CHART)) {
            for (Path file : files.toList()) {
                Path copy = chartWithVisibleHooks.resolve(CHART.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.writeString(copy, Files.readString(file).replace("helm.sh/hook", HOOK));
                }
            }
        }
    }

    @Test
    void hasNothingThatHelmsStrictLintComplainsAbout() {
        LintResult result = new Helm(CHART).lint().strict().call();

        assertThat(result.isFailed())
                .as(String.join("\n", result.getMessages()))
                .isFalse();
    }

    @Test
    void carriesTheVersionOfTheProject() throws IOException {
        Map<String, Object> chart = WorkingCopy.yaml(WorkingCopy.read("helm/segmeter/Chart.yaml"));

        assertThat(chart).containsEntry("version", WorkingCopy.version());
        assertThat(chart).containsEntry("appVersion", WorkingCopy.version());
    }

    @ParameterizedTest
    @MethodSource("valueSets")
    void everyPodObeysTheRestrictedPodSecurityStandardWithAReadOnlyRoot(String values) throws IOException {
        List<Map<String, Object>> pods = render(values).stream()
                .filter(object -> List.of("StatefulSet", "Deployment", "Pod").contains(kind(object)))
                .map(object -> mapping(
                        kind(object).equals("Pod") ? at(object, "spec") : at(object, "spec", "template", "spec")))
                .toList();

        assertThat(pods).hasSize(2); // the service and the pod of helm test
        assertThat(pods).allSatisfy(pod -> {
            assertThat(at(pod, "automountServiceAccountToken")).isEqualTo(false);
            assertThat(at(pod, "securityContext", "runAsNonRoot")).isEqualTo(true);
            assertThat((Integer) at(pod, "securityContext", "runAsUser")).isPositive();
            assertThat(at(pod, "securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
            assertThat(pod).doesNotContainKeys("hostNetwork", "hostPID", "hostIPC");
            Object container = at(pod, "containers", 0);
            assertThat(at(container, "securityContext"))
                    .isEqualTo(Map.of(
                            "allowPrivilegeEscalation",
                            false,
                            "readOnlyRootFilesystem",
                            true,
                            "capabilities",
                            Map.of("drop", List.of("ALL"))));
            assertThat(at(container, "image").toString()).doesNotEndWith(":latest");
            assertThat(at(container, "resources", "limits", "memory"))
                    .isEqualTo(at(container, "resources", "requests", "memory"));
        });
    }

    /** What is not Kubernetes' own has no schema here: the objects of the Prometheus operator and of KEDA. */
    private static final Set<String> OF_OPERATORS =
            Set.of("ServiceMonitor", "PrometheusRule", "ScaledObject", "TriggerAuthentication");

    @ParameterizedTest
    @MethodSource("valueSets")
    void everyObjectObeysTheSchemaOfKubernetes(String values) throws IOException {
        int held = 0;
        for (Map<String, Object> object : render(values)) {
            if (!OF_OPERATORS.contains(kind(object))) {
                holdToSchema(object);
                held++;
            }
        }
        assertThat(held).isGreaterThanOrEqualTo(4);
    }

    @Test
    void aFieldThatKubernetesDoesNotKnowIsFound() throws IOException {
        Map<String, Object> set = one(render(""), "StatefulSet");
        mapping(at(set, "spec", "template", "spec", "containers", 0)).put("livenesProbe", Map.of());

        assertThatThrownBy(() -> holdToSchema(set)).hasMessageContaining("livenesProbe");
    }

    private static void holdToSchema(Map<String, Object> object) throws IOException {
        JsonElement json = new Gson().toJsonTree(object);
        switch (kind(object)) {
            case "StatefulSet" -> V1StatefulSet.validateJsonElement(json);
            case "Deployment" -> V1Deployment.validateJsonElement(json);
            case "Service" -> V1Service.validateJsonElement(json);
            case "Secret" -> V1Secret.validateJsonElement(json);
            case "ConfigMap" -> V1ConfigMap.validateJsonElement(json);
            case "PersistentVolumeClaim" -> V1PersistentVolumeClaim.validateJsonElement(json);
            case "PodDisruptionBudget" -> V1PodDisruptionBudget.validateJsonElement(json);
            case "NetworkPolicy" -> V1NetworkPolicy.validateJsonElement(json);
            case "HorizontalPodAutoscaler" -> V2HorizontalPodAutoscaler.validateJsonElement(json);
            case "Pod" -> V1Pod.validateJsonElement(json);
            default -> throw new AssertionError("no schema for " + kind(object));
        }
    }

    @Test
    void replicasWithABucketShareNoVolumeAndTakeItsLoginFromASecret() throws IOException {
        List<Map<String, Object>> objects = render(EXTERNAL + BUCKET + "replicas: 2\n");
        Map<String, Object> deployment = one(objects, "Deployment");

        assertThat(kinds(objects)).doesNotContain("PersistentVolumeClaim");
        assertThat(at(deployment, "spec", "template", "spec", "volumes", 0))
                .isEqualTo(Map.of("name", "data", "emptyDir", Map.of()));
        assertThat(at(deployment, "spec", "strategy", "type")).isEqualTo("RollingUpdate");
        assertThat(mapping(at(one(objects, "ConfigMap"), "data")))
                .containsEntry("SEGMETER_STORE_BUCKET", "segmeter")
                .containsEntry("SEGMETER_STORE_ENDPOINT", "https://minio.example:9000")
                .doesNotContainKey("SEGMETER_STORE_SECRET_KEY");
        assertThat(names(at(deployment, "spec", "template", "spec", "containers", 0, "env")))
                .containsExactly(
                        "SEGMETER_DATABASE_USER",
                        "SEGMETER_DATABASE_PASSWORD",
                        "SEGMETER_STORE_ACCESS_KEY",
                        "SEGMETER_STORE_SECRET_KEY",
                        "SEGMETER_SECURITY_API_KEY");
    }

    @Test
    void replicasFollowTheQueueOrTheProcessorsAndThenTheDeploymentNamesNoNumber() throws IOException {
        List<Map<String, Object>> queue = render(SCALED_BY_QUEUE);
        List<Map<String, Object>> cpu = render(REPLICAS + "autoscaling: {mode: cpu, maxReplicas: 4}\n");

        Object trigger = at(one(queue, "ScaledObject"), "spec", "triggers", 0);
        assertThat(at(trigger, "type")).isEqualTo("postgresql");
        assertThat(at(trigger, "metadata", "query"))
                .isEqualTo("select count(*) from evaluation where state = 'QUEUED'");
        assertThat(at(trigger, "authenticationRef", "name"))
                .isEqualTo(at(one(queue, "TriggerAuthentication"), "metadata", "name"));
        assertThat(at(one(cpu, "HorizontalPodAutoscaler"), "spec", "maxReplicas"))
                .isEqualTo(4);
        for (List<Map<String, Object>> objects : List.of(queue, cpu)) {
            assertThat(mapping(at(one(objects, "Deployment"), "spec"))).doesNotContainKey("replicas");
        }
        assertThat(at(one(cpu, "HorizontalPodAutoscaler"), "spec", "scaleTargetRef", "name"))
                .isEqualTo(at(one(cpu, "Deployment"), "metadata", "name"));
    }

    @Test
    void theQueueThatKedaCountsIsATableOfTheServicesOwn() throws IOException {
        String schema = WorkingCopy.read("src/main/resources/db/migration/V1__evaluations.sql");

        assertThat(schema).contains("create table evaluation (", "state            text", "'QUEUED'");
    }

    @Test
    void theNetworkPolicyLetsTheBucketBeReached() throws IOException {
        Object egress = at(one(render(SCALED_BY_QUEUE), "NetworkPolicy"), "spec", "egress");

        assertThat(at(egress, 2, "ports", 0, "port")).isEqualTo(9000);
        assertThat(at(egress, 2, "to", 0, "ipBlock", "cidr")).isEqualTo("10.1.2.4/32");
    }

    @Test
    void theChartShipsTheAlertsAndTheDashboardOfTheComposeFile() throws IOException {
        List<Map<String, Object>> objects = render(EVERYTHING);

        assertThat(at(one(objects, "PrometheusRule"), "spec"))
                .isEqualTo(WorkingCopy.yaml(WorkingCopy.read("helm/segmeter/files/segmeter.rules.yml")));
        Map<String, Object> dashboard = objects.stream()
                .filter(object -> at(object, "metadata", "name").toString().endsWith("-dashboard"))
                .findFirst()
                .orElseThrow();
        assertThat(at(dashboard, "data", "segmeter.json"))
                .isEqualTo(WorkingCopy.read("helm/segmeter/files/segmeter-dashboard.json"));
        assertThat(at(dashboard, "metadata", "labels", "grafana_dashboard")).isEqualTo("1");
    }

    @ParameterizedTest
    @MethodSource("valueSets")
    void everySelectorFindsThePodsOfTheServiceAndNotThePodOfTheTest(String values) throws IOException {
        List<Map<String, Object>> objects = render(values);
        Map<String, Object> workload = workload(objects);
        Map<String, Object> podLabels = mapping(at(workload, "spec", "template", "metadata", "labels"));
        Map<String, Object> testLabels = mapping(at(one(objects, "Pod"), "metadata", "labels"));
        Map<String, Object> selector = mapping(at(one(objects, "Service"), "spec", "selector"));

        assertThat(podLabels).containsAllEntriesOf(selector);
        assertThat(podLabels).containsAllEntriesOf(mapping(at(workload, "spec", "selector", "matchLabels")));
        assertThat(testLabels.get("app.kubernetes.io/name")).isNotEqualTo(selector.get("app.kubernetes.io/name"));
    }

    @ParameterizedTest
    @MethodSource("valueSets")
    void everyMountHasItsVolumeAndEveryVolumeItsMount(String values) throws IOException {
        for (Map<String, Object> object : render(values)) {
            if (List.of("StatefulSet", "Deployment", "Pod").contains(kind(object))) {
                Object pod = kind(object).equals("Pod") ? at(object, "spec") : at(object, "spec", "template", "spec");

                assertThat(names(at(pod, "containers", 0, "volumeMounts"))).isEqualTo(names(at(pod, "volumes")));
            }
        }
    }

    @Test
    void theEmbeddedDatabaseRunsInAStatefulSetSoThatNeverTwoPodsUseOneDirectory() throws IOException {
        Map<String, Object> set = one(render(""), "StatefulSet");

        assertThat(at(set, "spec", "replicas")).isEqualTo(1);
        assertThat(at(set, "spec", "template", "spec", "volumes", 0))
                .isEqualTo(Map.of("name", "data", "persistentVolumeClaim", Map.of("claimName", "qa-segmeter")));
        assertThat(at(set, "spec", "template", "spec", "containers", 0, "volumeMounts", 0, "mountPath"))
                .isEqualTo("/var/lib/segmeter/data");
    }

    @Test
    void probesAndDrainingGiveEveryRunningEvaluationTimeToBeHandedBack() throws IOException {
        Object pod = at(workload(render("")), "spec", "template", "spec");
        Object container = at(pod, "containers", 0);

        assertThat(at(container, "livenessProbe", "httpGet", "path")).isEqualTo("/livez");
        assertThat(at(container, "startupProbe", "httpGet", "path")).isEqualTo("/livez");
        assertThat(at(container, "readinessProbe", "httpGet", "path")).isEqualTo("/readyz");
        assertThat(at(container, "lifecycle", "preStop", "sleep", "seconds")).isEqualTo(10);
        assertThat((Integer) at(pod, "terminationGracePeriodSeconds")).isGreaterThanOrEqualTo(90);
        assertThat(mapping(at(workload(render("drainSeconds: 0")), "spec", "template", "spec", "containers", 0)))
                .doesNotContainKey("lifecycle");
    }

    @Test
    void theLoginOfAnExternalDatabaseComesFromASecretAndNeverThroughTheConfigMap() throws IOException {
        List<Map<String, Object>> objects = render(EXTERNAL);

        assertThat(at(one(objects, "ConfigMap"), "data"))
                .isEqualTo(Map.of("SEGMETER_DATABASE_URL", "jdbc:postgresql://db.example:5432/segmeter"));
        Object container = at(one(objects, "Deployment"), "spec", "template", "spec", "containers", 0);
        assertThat(at(container, "env", 1, "name")).isEqualTo("SEGMETER_DATABASE_PASSWORD");
        assertThat(at(container, "env", 1, "valueFrom", "secretKeyRef"))
                .isEqualTo(Map.of("name", "segmeter-database", "key", "password"));
    }

    @Test
    void aVolumeOfOneNodeIsFreedBeforeTheNextPodAndASharedOneAllowsRollingUpdates() throws IOException {
        assertThat(at(one(render(EXTERNAL), "Deployment"), "spec", "strategy", "type"))
                .isEqualTo("Recreate");
        assertThat(at(one(render(REPLICAS), "Deployment"), "spec", "strategy", "rollingUpdate", "maxUnavailable"))
                .isEqualTo(0);
        assertThat(at(one(render(REPLICAS), "PersistentVolumeClaim"), "spec", "accessModes"))
                .isEqualTo(List.of("ReadWriteMany"));
    }

    @Test
    void uninstallingKeepsTheResults() throws IOException {
        assertThat(at(one(render(""), "PersistentVolumeClaim"), "metadata", "annotations"))
                .isEqualTo(Map.of("helm.sh/resource-policy", "keep"));
    }

    @Test
    void aClaimOfTheOperatorsOwnReplacesTheCharts() throws IOException {
        List<Map<String, Object>> objects = render("persistence: {existingClaim: mine}");

        assertThat(objects).noneMatch(object -> kind(object).equals("PersistentVolumeClaim"));
        assertThat(at(workload(objects), "spec", "template", "spec", "volumes", 0, "persistentVolumeClaim"))
                .isEqualTo(Map.of("claimName", "mine"));
    }

    @Test
    void whatNeedsMoreThanPlainKubernetesIsOffUnlessAskedFor() throws IOException {
        assertThat(kinds(render("")))
                .containsExactlyInAnyOrder(
                        "ConfigMap", "Secret", "Service", "PersistentVolumeClaim", "StatefulSet", "Pod");
        assertThat(kinds(render(EVERYTHING)))
                .containsExactlyInAnyOrder(
                        "ConfigMap",
                        "Secret",
                        "Service",
                        "PersistentVolumeClaim",
                        "Deployment",
                        "Pod",
                        "PodDisruptionBudget",
                        "NetworkPolicy",
                        "ServiceMonitor",
                        "PrometheusRule",
                        "ConfigMap");
    }

    @Test
    void thePodHasAFirstKeyThatIsRandomOrTheOperatorsUnlessNobodyWantsOne() throws IOException {
        List<Map<String, Object>> made = render("");
        String key = decoded(at(one(made, "Secret"), "data", "api-key"));
        assertThat(key).hasSize(48).isNotEqualTo(decoded(at(one(render(""), "Secret"), "data", "api-key")));
        Map<String, Object> reference = Map.of("name", "qa-segmeter-key", "key", "api-key");
        assertThat(at(container(made), "env", 0))
                .isEqualTo(Map.of("name", "SEGMETER_SECURITY_API_KEY", "valueFrom", Map.of("secretKeyRef", reference)));
        assertThat(at(one(made, "Pod"), "spec", "containers", 0, "env", 0, "valueFrom", "secretKeyRef"))
                .isEqualTo(reference);
        assertThat(at(
                        one(render("serviceMonitor: {enabled: true}"), "ServiceMonitor"),
                        "spec",
                        "endpoints",
                        0,
                        "authorization",
                        "credentials"))
                .isEqualTo(reference);

        List<Map<String, Object>> own = render("security: {existingSecret: mine, apiKeyKey: k}");
        assertThat(kinds(own)).doesNotContain("Secret");
        assertThat(at(container(own), "env", 0, "valueFrom", "secretKeyRef"))
                .isEqualTo(Map.of("name", "mine", "key", "k"));

        List<Map<String, Object>> open = render("security: {allowUnauthenticated: true}");
        assertThat(kinds(open)).doesNotContain("Secret");
        assertThat(at(container(open), "env", 0))
                .isEqualTo(Map.of("name", "SEGMETER_SECURITY_ALLOW_UNAUTHENTICATED", "value", "true"));
    }

    private static Object container(List<Map<String, Object>> objects) {
        return at(workload(objects), "spec", "template", "spec", "containers", 0);
    }

    private static String decoded(Object base64) {
        return new String(java.util.Base64.getDecoder().decode(base64.toString()), StandardCharsets.US_ASCII);
    }

    @Test
    void theMonitorScrapesTheMetricsOfTheServicesPort() throws IOException {
        List<Map<String, Object>> objects = render(EVERYTHING);
        Object endpoint = at(one(objects, "ServiceMonitor"), "spec", "endpoints", 0);

        assertThat(at(endpoint, "path")).isEqualTo("/actuator/prometheus");
        assertThat(at(endpoint, "port")).isEqualTo(at(one(objects, "Service"), "spec", "ports", 0, "name"));
    }

    @Test
    void theNetworkPolicyCutsWhatItDoesNotName() throws IOException {
        Object closed = at(one(render("networkPolicy: {enabled: true}"), "NetworkPolicy"), "spec");
        assertThat(at(closed, "policyTypes")).isEqualTo(List.of("Ingress", "Egress"));
        assertThat(at(closed, "egress")).isEqualTo(List.of());
        assertThat((List<?>) at(closed, "ingress", 0, "from")).hasSize(1);

        Object open = at(one(render(EVERYTHING), "NetworkPolicy"), "spec");
        assertThat((List<?>) at(open, "ingress", 0, "from")).hasSize(2);
        assertThat(at(open, "egress", 1, "ports", 0, "port")).isEqualTo(5432);
    }

    @Test
    void anImageDigestWinsOverTheTag() throws IOException {
        assertThat(at(workload(render("")), "spec", "template", "spec", "containers", 0, "image"))
                .isEqualTo("segmeter:" + WorkingCopy.version());
        assertThat(at(workload(render(EVERYTHING)), "spec", "template", "spec", "containers", 0, "image"))
                .isEqualTo("registry.example/segmeter@sha256:"
                        + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    }

    @Test
    void anotherConfigurationMakesAnotherPod() throws IOException {
        Object before = at(workload(render("")), "spec", "template", "metadata", "annotations", "checksum/config");
        Object after = at(
                workload(render("config: {A: b}")), "spec", "template", "metadata", "annotations", "checksum/config");

        assertThat(after).isNotEqualTo(before);
    }

    @Test
    void theTestPodAsksTheServiceByItsName() throws IOException {
        Object pod = one(render("service: {port: 8081}"), "Pod");

        assertThat(at(pod, "metadata", "annotations", HOOK)).isEqualTo("test");
        assertThat(at(pod, "spec", "containers", 0, "args"))
                .isEqualTo(List.of("canary", "--url", "http://qa-segmeter:8081"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "replicas: 2                                          | replicas",
                "replicas: 0                                          | replicas",
                "replcias: 1                                          | replcias",
                "database: {mode: external}                           | url",
                "database: {mode: mysql}                              | mode",
                "image: {repository: x, tag: latest}                  | tag",
                "image: {repository: x, digest: 'sha256:12'}          | digest",
                "config: {lower-case: x}                              | lower-case",
                "persistence: {size: much}                            | size",
                "serviceMonitor: {enabled: 'yes'}                     | enabled",
                "security: {allowUnauthenticated: 'yes'}              | allowUnauthenticated",
                "store: {mode: s3}                                    | bucket",
                "store: {mode: ftp}                                   | mode",
                "autoscaling: {mode: cpu}                             | autoscaling",
                "autoscaling: {mode: queue}                           | connectionSecret",
            })
    void aValueThatCannotWorkIsRefusedByName(String values, String named) {
        assertThatThrownBy(() -> render(values))
                .hasMessageContaining("values don't meet the specifications of the schema")
                .hasMessageContaining(named);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ReadWriteOnce", "ReadWriteOncePod"})
    void replicasThatCannotShareTheirUploadsAreRefused(String accessMode) {
        assertThatThrownBy(() -> render(EXTERNAL + "replicas: 2\npersistence: {accessMode: " + accessMode + "}\n"))
                .hasMessageContaining("accessMode");
    }

    @Test
    void scalingWithoutASharedStoreIsRefused() {
        assertThatThrownBy(() -> render(EXTERNAL + "autoscaling: {mode: cpu}\n"))
                .hasMessageContaining("accessMode");
    }

    private List<Map<String, Object>> render(String values) throws IOException {
        Path file = Files.writeString(directory.resolve("values.yaml"), values);
        return WorkingCopy.yamls(new Helm(chartWithVisibleHooks)
                .template()
                .withName("qa")
                .withNamespace("radiology")
                .withKubeVersion("1.33.0")
                .withValuesFile(file)
                .call());
    }

    private static List<String> kinds(List<Map<String, Object>> objects) {
        return objects.stream().map(HelmChartTest::kind).toList();
    }

    private static String kind(Map<String, Object> object) {
        return at(object, "kind").toString();
    }

    private static Map<String, Object> one(List<Map<String, Object>> objects, String kind) {
        List<Map<String, Object>> found =
                objects.stream().filter(object -> kind(object).equals(kind)).toList();
        assertThat(found).as(kind).hasSize(1);
        return found.getFirst();
    }

    private static Map<String, Object> workload(List<Map<String, Object>> objects) {
        return objects.stream()
                .filter(object -> List.of("StatefulSet", "Deployment").contains(kind(object)))
                .findFirst()
                .orElseThrow();
    }

    private static List<Object> names(Object list) {
        return ((List<?>) list).stream().map(item -> at(item, "name")).toList();
    }
}
