package org.segmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.database.StartRefused;

@DisplayName("The commands that work on an installation")
class InstallationOptionsTest {

    @TempDir
    private Path directory;

    @Test
    void takeTheLoginsFromTheFilesThatComposeAndTheChartGiveTheService() throws IOException {
        // As Kubernetes mounts a Secret: links into a hidden directory.
        Path hidden = Files.createDirectory(directory.resolve("..2026"));
        Files.writeString(hidden.resolve("password"), "from-a-file\n");
        Files.createSymbolicLink(directory.resolve("segmeter.database.password"), hidden.resolve("password"));
        Files.writeString(directory.resolve("segmeter.store.secret-key"), "s3");
        Files.writeString(directory.resolve("segmeter.database.user"), "in-the-file");
        Files.writeString(directory.resolve("api-key"), "no property");

        Map<String, String> environment = InstallationOptions.withFiles(Map.of(
                "SPRING_CONFIG_IMPORT",
                "file:other.yaml, optional:configtree:" + directory + "/",
                "SEGMETER_DATABASE_USER",
                "in-the-environment"));

        assertThat(environment)
                .containsEntry("SEGMETER_DATABASE_PASSWORD", "from-a-file")
                .containsEntry("SEGMETER_STORE_SECRET_KEY", "s3")
                .containsEntry("SEGMETER_DATABASE_USER", "in-the-environment")
                .hasSize(4);
    }

    @Test
    void sayWhichDirectoryCannotBeRead() {
        assertThatThrownBy(() -> InstallationOptions.withFiles(
                        Map.of("SPRING_CONFIG_IMPORT", "configtree:" + directory.resolve("away"))))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("away")
                .hasMessageContaining("SPRING_CONFIG_IMPORT");
    }
}
