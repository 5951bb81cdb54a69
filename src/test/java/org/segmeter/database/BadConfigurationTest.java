package org.segmeter.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.evaluation.EvaluationSettings;
import org.segmeter.evaluation.IntakeSettings;
import org.segmeter.evaluation.StageSettings;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/** A configuration that would not keep the promises is refused in one line that names the setting; see also DatabaseStartTest. */
class BadConfigurationTest {

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties({EvaluationSettings.class, IntakeSettings.class, StageSettings.class})
    static class Settings {}

    @Test
    void anAddressThatIsNoPostgres(@TempDir Path directory) {
        SpringApplication application = new SpringApplication(Settings.class);
        application.setRegisterShutdownHook(false);
        assertThatThrownBy(() -> application.run(
                        "--spring.main.web-application-type=none",
                        "--segmeter.data-directory=" + directory,
                        "--segmeter.volatile-data-directory=true",
                        "--segmeter.database.url=jdbc:mysql://host/name"))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("segmeter.database.url");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "ramfs", "rootfs"})
    void aDataDirectoryInMemory(String type) {
        assertThatThrownBy(() -> DataDirectory.refuseVolatile(type))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("segmeter.data-directory")
                .hasMessageContaining(type);
        DataDirectory.refuseVolatile("ext4");
        DataDirectory.refuseVolatile("xfs");
    }

    @Test
    void aHeapThatIsLargerThanTheMemory() {
        assertThatThrownBy(() -> HeapCheck.verify(2L << 30, 1L << 30))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("-Xmx")
                .hasMessageContaining("2048 MiB");
        HeapCheck.verify(1L << 30, 2L << 30);
        HeapCheck.verify(1L << 30, 0);
        assertThat(HeapCheck.memory()).isPositive();
    }

    @Test
    void tablesOfANewerVersion() {
        assertThatThrownBy(() -> SchemaCheck.verify(99, 5))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("99")
                .hasMessageContaining("SEGMETER_DATABASE_URL");
        SchemaCheck.verify(5, 5);
    }

    @Test
    void aDataDirectoryThatIsAFileOrBelowOne(@TempDir Path directory) throws Exception {
        Path file = Files.createFile(directory.resolve("file"));
        for (Path wrong : new Path[] {file, file.resolve("below")}) {
            assertThatThrownBy(() -> DataDirectory.claim(wrong, true))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("segmeter.data-directory");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "segmeter.workers, -1, segmeter.workers",
        "segmeter.workers, many, segmeter.workers",
        "segmeter.queue-limit, 0, segmeter.queue-limit",
        "segmeter.disk-floor, much, segmeter.disk-floor",
        "segmeter.idempotency-keep, 0s, segmeter.idempotency-keep",
        "segmeter.stage-timeout, 0s, segmeter.stage-timeout",
        "segmeter.stage-timeouts.daydreaming, 1s, segmeter.stage-timeouts"
    })
    void aSettingThatMakesNoSense(String setting, String value, String named, @TempDir Path directory)
            throws Exception {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        PrintStream before = System.err;
        SpringApplication application = new SpringApplication(Settings.class);
        application.setRegisterShutdownHook(false);
        try {
            System.setErr(new PrintStream(lines, true, StandardCharsets.UTF_8));
            assertThatThrownBy(() -> application.run(
                    "--spring.main.web-application-type=none",
                    "--segmeter.database.start=false",
                    "--" + setting + "=" + value));
        } finally {
            System.setErr(before);
        }
        assertThat(lines.toString(StandardCharsets.UTF_8).lines().filter(line -> line.contains("refused")))
                .singleElement()
                .asString()
                .startsWith("segmeter: refused to start: ")
                .contains(named);
    }
}
