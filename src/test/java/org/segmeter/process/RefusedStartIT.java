package org.segmeter.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service that must not run says why in one line, and ends with a status that is not 0. */
class RefusedStartIT {

    @Test
    void twoServicesOnOneDirectory(@TempDir Path data) throws Exception {
        try (JarProcess first = JarProcess.shortLived(data).awaitReady(Duration.ofSeconds(120));
                JarProcess second = JarProcess.shortLived(data)) {
            assertRefused(second, "segmeter.data-directory");
            assertThat(first.output()).doesNotContain("refused");
            assertThat(first.jcmd("Thread.vthread_scheduler"))
                    .as("carriers of virtual threads: more than queues of them, whatever the machine has")
                    .containsPattern("parallelism = (1[6-9]|[2-9][0-9]|[0-9]{3,})");
        }
    }

    @Test
    void aDatabaseThatCannotBeReached(@TempDir Path data) throws Exception {
        try (JarProcess service = JarProcess.shortLived(
                data, "--segmeter.database.url=jdbc:postgresql://127.0.0.1:9/none?password=hidden-secret")) {
            assertRefused(service, "SEGMETER_DATABASE_URL");
            assertThat(service.output()).doesNotContain("hidden-secret");
        }
    }

    private static void assertRefused(JarProcess service, String setting) throws Exception {
        assertThat(service.awaitExit(Duration.ofSeconds(120))).isNotZero();
        List<String> lines =
                service.output().lines().filter(line -> !line.isBlank()).toList();
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst()).startsWith("segmeter: refused to start: ").contains(setting);
    }
}
