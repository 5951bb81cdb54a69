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
import io.kubernetes.client.openapi.models.V1Ingress;
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
import java.util.TreeMap;
import java.util.TreeSet;
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

    /** What a hospital besides has: a PACS with a password, an authority of its own, an ingress and walls around all of it. */
    private static final String CLINIC = """
        secrets: [segmeter-pacs]
        serviceAccountName: segmeter
        volumes: [{name: authority, configMap: {name: authority}}]
        volumeMounts: [{name: authority, mountPath: /etc/authority, readOnly: true}]
        ingress: {enabled: true, className: nginx, host: segmeter.example, tlsSecret: segmeter-tls}
        networkPolicy:
          enabled: true
          egress: [{to: [{ipBlock: {cidr: 10.2.0.0/16}}], ports: [{port: 8043, protocol: TCP}]}]
          dnsPorts: [53, 5353]
        """;

    static Stream<String> valueSets() {
        return Stream.of(
                "",
                CLINIC,
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

    private static final String LOOKUP =
            "lookup \"v1\" \"Secret\" .Release.Namespace (include \"segmeter.keySecret\" .)";

    private static final String NOTHING = "dict";

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
                    // Nor is there a cluster to look into.
                    Files.writeString(
                            copy,
                            Files.readString(file).replace("helm.sh/hook", HOOK).replace(LOOKUP, NOTHING));
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
            case "Ingress" -> V1Ingress.validateJsonElement(json);
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
        assertThat(secretFiles(objects))
                .containsOnlyKeys(
                        "segmeter.database.user",
                        "segmeter.database.password",
                        "segmeter.store.access-key",
                        "segmeter.store.secret-key",
                        "segmeter.security.api-key")
                .containsEntry("segmeter.store.secret-key", "segmeter-store/secret-key");
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
        assertThat(at(set, "spec", "template", "spec", "volumes", 3))
                .isEqualTo(Map.of("name", "shm", "emptyDir", Map.of("medium", "Memory", "sizeLimit", "256Mi")));
        assertThat(at(set, "spec", "template", "spec", "containers", 0, "volumeMounts", 3, "mountPath"))
                .isEqualTo("/dev/shm");
        assertThat(names(at(one(render(EXTERNAL), "Deployment"), "spec", "template", "spec", "volumes")))
                .doesNotContain("shm");
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
        // Kubernetes would refuse the pod, or end it before its work is handed back.
        assertThatThrownBy(() -> render("drainSeconds: 40"))
                .hasMessageContaining("terminationGracePeriodSeconds is 90")
                .hasMessageContaining("at least 100");
        assertThat(at(workload(render("drainSeconds: 40\nterminationGracePeriodSeconds: 100")), "kind"))
                .isEqualTo("StatefulSet");
    }

    @Test
    void aStartThatMigratesALargeDatabaseIsWaitedFor() throws IOException {
        Object probe = at(container(render("")), "startupProbe");
        assertThat((Integer) at(probe, "failureThreshold") * (Integer) at(probe, "periodSeconds"))
                .isEqualTo(900);
        assertThat(at(container(render("startupSeconds: 3601")), "startupProbe", "failureThreshold"))
                .isEqualTo(721);
    }

    @Test
    void scalingThatCannotWorkIsRefused() {
        assertThatThrownBy(() -> render(REPLICAS + "autoscaling: {mode: cpu, minReplicas: 5, maxReplicas: 3}\n"))
                .hasMessageContaining("minReplicas (5) is above maxReplicas (3)");
        assertThatThrownBy(() -> render(REPLICAS + "autoscaling: {mode: cpu}\nresources: {requests: {cpu: null}}\n"))
                .hasMessageContaining("resources.requests.cpu");
    }

    @Test
    void theLinksOfTheAlertsLeadToTheOperatorsOwnPage() throws IOException {
        Object rule = one(
                render("prometheusRule: {enabled: true, runbook: \"https://wiki.example/segmeter\"}"),
                "PrometheusRule");

        assertThat(rule.toString())
                .contains("runbook_url=https://wiki.example/segmeter#segmeterdown")
                .doesNotContain("docs/runbook.md#");
    }

    @Test
    void theAlertsFindTheServiceUnderTheLongestNameOfARelease() throws IOException {
        String release = "r".repeat(53);
        String name = at(
                        one(
                                WorkingCopy.yamls(new Helm(chartWithVisibleHooks)
                                        .template()
                                        .withName(release)
                                        .withNamespace("radiology")
                                        .withKubeVersion("1.33.0")
                                        .call()),
                                "Service"),
                        "metadata",
                        "name")
                .toString();

        // The operator's ServiceMonitor makes the Service's name the label job.
        assertThat(name).endsWith("-segmeter").hasSizeLessThanOrEqualTo(52);
        assertThat(WorkingCopy.read("helm/segmeter/files/segmeter.rules.yml")).contains("up{job=~\".*segmeter.*\"}");
    }

    /** Where an object of Kubernetes' own is passed on, which has its own schema. */
    private static final Set<String> OF_KUBERNETES = Set.of(
            "global",
            "volumes[]",
            "resources.claims[]",
            "networkPolicy.egress[].ports[]",
            "definitions.peers[].ipBlock",
            "definitions.peers[].namespaceSelector",
            "definitions.peers[].podSelector",
            "affinity.nodeAffinity",
            "affinity.podAffinity",
            "affinity.podAntiAffinity");

    @Test
    void noObjectOfTheValuesTakesAMisspeltName() throws IOException {
        Set<String> open = new TreeSet<>();
        openObjects("", WorkingCopy.yaml(WorkingCopy.read("helm/segmeter/values.schema.json")), open);

        assertThat(open).containsExactlyInAnyOrderElementsOf(OF_KUBERNETES);
    }

    private static void openObjects(String place, Object schema, Set<String> open) {
        Map<String, Object> node = mapping(schema);
        if ("object".equals(node.get("type"))) {
            Object more = node.getOrDefault("additionalProperties", true);
            if (more.equals(true)) {
                open.add(place);
            }
        }
        String below = place.isEmpty() ? "" : place + ".";
        mapping(node.getOrDefault("properties", Map.of()))
                .forEach((name, property) -> openObjects(below + name, property, open));
        mapping(node.getOrDefault("definitions", Map.of()))
                .forEach((name, definition) -> openObjects("definitions." + name, definition, open));
        if (node.get("items") instanceof Map<?, ?> items) {
            openObjects(place + "[]", items, open);
        }
    }

    @Test
    void theLoginOfAnExternalDatabaseComesFromASecretAndNeverThroughTheConfigMap() throws IOException {
        List<Map<String, Object>> objects = render(EXTERNAL);

        assertThat(at(one(objects, "ConfigMap"), "data"))
                .isEqualTo(Map.of("SEGMETER_DATABASE_URL", "jdbc:postgresql://db.example:5432/segmeter"));
        assertThat(secretFiles(objects))
                .containsEntry("segmeter.database.user", "segmeter-database/user")
                .containsEntry("segmeter.database.password", "segmeter-database/password");
    }

    @ParameterizedTest
    @MethodSource("valueSets")
    void secretsAreFilesThatTheServiceReadsAndNeverInAnEnvironment(String values) throws IOException {
        List<Map<String, Object>> objects = render(values);
        for (Map<String, Object> object : objects) {
            if (List.of("StatefulSet", "Deployment", "Pod").contains(kind(object))) {
                Object pod = kind(object).equals("Pod") ? at(object, "spec") : at(object, "spec", "template", "spec");
                Map<String, Object> container = mapping(at(pod, "containers", 0));
                assertThat((List<?>) container.getOrDefault("env", List.of()))
                        .allSatisfy(variable -> assertThat(mapping(variable)).doesNotContainKey("valueFrom"));
                assertThat((List<?>) container.getOrDefault("envFrom", List.of()))
                        .allSatisfy(source -> assertThat(mapping(source)).containsOnlyKeys("configMapRef"));
            }
        }
        Map<String, Object> container = mapping(container(objects));
        if (!secretFiles(objects).isEmpty()) {
            assertThat(at(container, "env", 0))
                    .isEqualTo(Map.of("name", "SPRING_CONFIG_IMPORT", "value", "configtree:/run/secrets/segmeter/"));
            assertThat(at(container, "volumeMounts", 2))
                    .isEqualTo(Map.of("name", "secrets", "mountPath", "/run/secrets/segmeter", "readOnly", true));
        } else {
            assertThat((List<?>) container.getOrDefault("env", List.of()))
                    .noneMatch(variable -> at(variable, "name").equals("SPRING_CONFIG_IMPORT"));
        }
    }

    @Test
    void everyKeyOfAFurtherSecretIsAFileToo() throws IOException {
        Object pod = at(workload(render(CLINIC)), "spec", "template", "spec");

        assertThat(at(pod, "volumes", 2, "projected", "sources", 1))
                .isEqualTo(Map.of("secret", Map.of("name", "segmeter-pacs")));
        // Of root and the pod's group, which both may read and nobody else.
        assertThat(at(pod, "volumes", 2, "projected", "defaultMode")).isEqualTo(0440);
        assertThat(at(pod, "serviceAccountName")).isEqualTo("segmeter");
        assertThat(at(pod, "automountServiceAccountToken")).isEqualTo(false);
    }

    /** Paths below the directory of secrets, and what is there: the Secret's name and key. */
    private static Map<String, String> secretFiles(List<Map<String, Object>> objects) {
        Map<String, String> files = new TreeMap<>();
        for (Object volume : (List<?>) at(workload(objects), "spec", "template", "spec", "volumes")) {
            if (at(volume, "name").equals("secrets")) {
                for (Object source : (List<?>) at(volume, "projected", "sources")) {
                    Map<String, Object> secret = mapping(at(source, "secret"));
                    for (Object item : (List<?>) secret.getOrDefault("items", List.of())) {
                        files.put(at(item, "path").toString(), secret.get("name") + "/" + at(item, "key"));
                    }
                }
            }
        }
        return files;
    }

    @Test
    void anIngressPassesUploadsOnAsTheyComeAndAllClientsMayHaveItsAddress() throws IOException {
        List<Map<String, Object>> objects = render(CLINIC);
        Map<String, Object> ingress = one(objects, "Ingress");

        assertThat(mapping(at(ingress, "metadata", "annotations")))
                .containsEntry("nginx.ingress.kubernetes.io/proxy-body-size", "0")
                .containsEntry("nginx.ingress.kubernetes.io/proxy-request-buffering", "off");
        assertThat(at(ingress, "spec", "rules", 0, "http", "paths", 0, "backend", "service"))
                .isEqualTo(Map.of("name", "qa-segmeter", "port", Map.of("name", "http")));
        assertThat(at(ingress, "spec", "tls", 0, "secretName")).isEqualTo("segmeter-tls");
        assertThat(mapping(at(one(objects, "ConfigMap"), "data")))
                .containsEntry("SEGMETER_UPLOAD_SLOTS_PER_CLIENT", "0");
        assertThat(mapping(at(
                        one(render(CLINIC + "config: {SEGMETER_UPLOAD_SLOTS_PER_CLIENT: 9}\n"), "ConfigMap"), "data")))
                .containsEntry("SEGMETER_UPLOAD_SLOTS_PER_CLIENT", "9");
        assertThat(kinds(render(""))).doesNotContain("Ingress");
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
        // An upgrade makes the key of an installation that had none.
        assertThat(at(one(made, "Secret"), "metadata", "annotations"))
                .isEqualTo(Map.of(HOOK, "pre-install,pre-upgrade"));
        Map<String, Object> reference = Map.of("name", "qa-segmeter-key", "key", "api-key");
        assertThat(secretFiles(made)).isEqualTo(Map.of("segmeter.security.api-key", "qa-segmeter-key/api-key"));
        assertThat(at(one(made, "Pod"), "spec", "volumes", 1, "secret", "secretName"))
                .isEqualTo("qa-segmeter-key");
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
        assertThat(secretFiles(own)).isEqualTo(Map.of("segmeter.security.api-key", "mine/k"));

        List<Map<String, Object>> open = render("security: {allowUnauthenticated: true}");
        assertThat(kinds(open)).doesNotContain("Secret");
        assertThat(at(container(open), "env", 0))
                .isEqualTo(Map.of("name", "SEGMETER_SECURITY_ALLOW_UNAUTHENTICATED", "value", "true"));
    }

    @Test
    void aKeyThatIsThereStays() throws IOException {
        Path secret = chartWithVisibleHooks.resolve("templates/secret.yaml");
        String withoutOne = Files.readString(secret);
        try {
            assertThat(withoutOne).contains("(not (" + NOTHING + "))");
            Files.writeString(
                    secret, withoutOne.replace("(not (" + NOTHING + "))", "(not (dict \"kind\" \"Secret\"))"));
            assertThat(kinds(render(""))).doesNotContain("Secret");
        } finally {
            Files.writeString(secret, withoutOne);
        }
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
    void theNetworkPolicyLetsThePacsAndTheNameServersBeReachedWithTheEmbeddedDatabaseToo() throws IOException {
        List<?> egress = (List<?>) at(one(render(CLINIC), "NetworkPolicy"), "spec", "egress");

        assertThat(egress).hasSize(2);
        assertThat((List<?>) at(egress, 0, "ports"))
                .map(port -> at(port, "port") + "/" + at(port, "protocol"))
                .containsExactly("53/UDP", "53/TCP", "5353/UDP", "5353/TCP");
        assertThat(at(egress, 1, "to", 0, "ipBlock", "cidr")).isEqualTo("10.2.0.0/16");
        assertThat(at(egress, 1, "ports", 0, "port")).isEqualTo(8043);
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
                .isEqualTo(List.of(
                        "canary",
                        "--url",
                        "http://qa-segmeter:8081",
                        // With it a key that nobody has is tried too, and must be refused.
                        "--key-file",
                        "/run/secrets/segmeter/api-key"));
        assertThat(at(one(render("security: {allowUnauthenticated: true}"), "Pod"), "spec", "containers", 0, "args"))
                .isEqualTo(List.of("canary", "--url", "http://qa-segmeter:8080"));
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
                "config: {SEGMETER_PACS_SOURCES_MAIN_PASSWORD: x}     | SEGMETER_PACS_SOURCES_MAIN_PASSWORD",
                "config: {SEGMETER_PSEUDONYMS_KEY: x}                 | SEGMETER_PSEUDONYMS_KEY",
                "config: {SERVER_PORT: 9000}                          | SERVER_PORT",
                "resources: {limit: {memory: 1Gi}}                    | limit",
                "tolerations: [{kee: gpu}]                            | kee",
                "networkPolicy: {ingressFrom: [{cidr: 10.0.0.0/8}]}   | cidr",
                "ingress: {enabled: true}                             | host",
                "terminationGracePeriodSeconds: 30                    | terminationGracePeriodSeconds",
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
