package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
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

    @Test
    void listsWhatIsInIt() throws IOException {
        try (JarFile jar = new JarFile(jar().toFile())) {
            ZipEntry entry = jar.getEntry("META-INF/sbom/application.cdx.json");
            assertThat(entry).as("bill of materials").isNotNull();
            JsonNode bill = JsonMapper.shared().readTree(jar.getInputStream(entry));
            assertThat(bill.path("bomFormat").asString()).isEqualTo("CycloneDX");
            Set<String> listed = new TreeSet<>();
            bill.path("components")
                    .forEach(one -> listed.add(one.path("name").asString() + "-"
                            + one.path("version").asString()));
            List<String> libraries = jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.startsWith("BOOT-INF/lib/") && name.endsWith(".jar"))
                    .map(name -> name.substring("BOOT-INF/lib/".length(), name.length() - ".jar".length()))
                    // What Spring Boot itself puts in to take the jar apart
                    .filter(name -> !name.startsWith("spring-boot-jarmode-tools-"))
                    .toList();
            assertThat(libraries)
                    .hasSizeGreaterThan(50)
                    .allSatisfy(library -> assertThat(listed)
                            .as("with a classifier or without: " + library)
                            .anyMatch(library::startsWith));
            assertThat(jar.stream().map(ZipEntry::getName))
                    .as("nothing of the tests, and nothing of the working copy")
                    .noneMatch(name -> name.matches(".*(junit|assertj|jqwik|jazzer|playwright|hapi-fhir).*")
                            || name.matches(".*/org/segmeter/.*/\\w+(Test|IT)(\\$.*)?\\.class")
                            || name.contains(".git/"));
        }
    }

    @Test
    @Timeout(300)
    @DisabledOnOs(OS.WINDOWS)
    void answersTheSameByItsLauncherFromPartsInTheCache(@TempDir Path cache) throws IOException, InterruptedException {
        String[] score = {"score", PREDICTION, REFERENCE, "--json"};
        byte[] expected = run(score).output();

        // The first use fills the cache.
        for (int use = 0; use < 2; use++) {
            Answer answer = launch(cache, score);
            assertThat(answer.status()).isZero();
            assertThat(answer.output()).isEqualTo(expected);
        }

        try (Stream<Path> layouts = Files.list(cache.resolve("segmeter"))) {
            List<Path> found = layouts.toList();
            assertThat(found).hasSize(1);
            assertThat(found.getFirst().resolve("segmeter.jar")).exists();
            try (Stream<Path> files = Files.list(found.getFirst())) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .filteredOn(name -> name.startsWith("java-"))
                        .singleElement()
                        .asString()
                        .endsWith(".aot");
            }
        }
        assertThat(launch(cache, "score", PREDICTION).status()).isEqualTo(2);
    }

    @Test
    @Timeout(120)
    @DisabledOnOs(OS.WINDOWS)
    void answersByItsLauncherWhereNothingCanBeCached(@TempDir Path directory) throws IOException, InterruptedException {
        Path file = Files.createFile(directory.resolve("no-directory"));

        Answer answer = launch(file, "--version");
        Answer scored = launch(file, "score", PREDICTION, REFERENCE);

        assertThat(answer.status()).isZero();
        assertThat(scored.status()).isZero();
        assertThat(new String(scored.output())).contains("Liver");
    }

    private static Answer launch(Path cache, String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(jar().resolveSibling("segmeter").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment().put("XDG_CACHE_HOME", cache.toString());
        process.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return answer(process);
    }

    private static Path jar() {
        String jar = System.getProperty("segmeter.jar");
        assertThat(jar).as("system property segmeter.jar, set by the build").isNotNull();
        return Path.of(jar);
    }

    private static Answer run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                jar().toString()));
        command.addAll(List.of(arguments));
        return answer(new ProcessBuilder(command));
    }

    private static Answer answer(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.directory(WorkingCopy.ROOT.toFile())
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
