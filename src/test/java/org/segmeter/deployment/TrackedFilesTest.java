package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Tracked files")
class TrackedFilesTest {

    /** Spelt so that this file does not name them itself. */
    private static final Pattern REGISTRY_HOST = Pattern.compile(Stream.of(
                    "repo[.]maven[.]apache[.]org",
                    "repo1[.]maven[.]org",
                    "registry[.]npmjs[.]org",
                    "deb[.]debian[.]org",
                    "snapshot[.]debian[.]org",
                    "pypi[.]org",
                    "pythonhosted[.]org",
                    "registry-1[.]docker[.]io")
            .reduce((a, b) -> a + "|" + b)
            .orElseThrow());

    /** Directories that exist on one machine only. A variable before the slash makes it another thing. */
    private static final Pattern MACHINE_PATH = Pattern.compile("(?<![\\w$}./])/(?:work|root|home)/[\\w.]+");

    private static final Pattern SAMPLE = Pattern.compile(".*\\.(dcm|nii|nii\\.gz|hdr|img|jls|ljpeg|jp2|j2k|npy|nrrd)");

    @Test
    void nameNoHostOfAPackageRegistry() throws IOException, InterruptedException {
        assertThat(lines(REGISTRY_HOST)).as("name packages, never hosts").isEmpty();
    }

    @Test
    void nameNoPathOfOneMachine() throws IOException, InterruptedException {
        assertThat(lines(MACHINE_PATH))
                .as("paths are relative to the working copy or come from a setting")
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"cd /work" + "/project", "at (/home" + "/someone/x)", "\"/root" + "/.m2\"", "=/home" + "/a"})
    void aPathOfOneMachineWouldBeSeen(String line) {
        assertThat(MACHINE_PATH.matcher(line).find()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"$work/root/opt", "https://example.org/home/page", "src/work/x", "/workspace/x", "/ho me/"})
    void anotherPathIsNotTakenForOne(String line) {
        assertThat(MACHINE_PATH.matcher(line).find()).isFalse();
    }

    @Test
    void samplesStandUnderAManifestThatSaysWhereTheyComeFromAndTheirLicence() throws IOException, InterruptedException {
        List<Path> samples = WorkingCopy.files().stream()
                .filter(file -> SAMPLE.matcher(file.toString()).matches())
                .toList();
        assertThat(samples).hasSizeGreaterThan(50);

        for (Path sample : samples) {
            Optional<Path> manifest = manifest(sample);
            assertThat(manifest).as("MANIFEST.md for %s", sample).isPresent();
            assertThat(Files.readString(WorkingCopy.ROOT.resolve(manifest.orElseThrow())))
                    .as("%s", manifest.get())
                    .containsPattern("(?i)licen[cs]e|Apache-2\\.0|MIT|BSD|CC0|CC-BY");
        }
    }

    @Test
    void theLicenceIsTheWholeApacheLicense2() throws IOException {
        assertThat(WorkingCopy.read("LICENSE"))
                .contains("Apache License", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS")
                .hasSizeGreaterThan(11_000);
        assertThat(WorkingCopy.read("pom.xml")).contains("<name>Apache-2.0</name>");
    }

    @Test
    void theChangeLogTellsWhatThisVersionBrings() throws IOException {
        assertThat(WorkingCopy.read("CHANGELOG.md")).contains("## " + WorkingCopy.version());
    }

    /** The nearest one above the file; the top of the repository does not count. */
    private static Optional<Path> manifest(Path file) {
        for (Path directory = file.getParent(); directory != null; directory = directory.getParent()) {
            Path manifest = directory.resolve("MANIFEST.md");
            if (Files.isRegularFile(WorkingCopy.ROOT.resolve(manifest))) {
                return Optional.of(manifest);
            }
        }
        return Optional.empty();
    }

    private static List<String> lines(Pattern pattern) throws IOException, InterruptedException {
        List<String> found = new ArrayList<>();
        for (Path file : WorkingCopy.files()) {
            if (SAMPLE.matcher(file.toString()).matches()) {
                continue;
            }
            try {
                int number = 0;
                for (String line : Files.readAllLines(WorkingCopy.ROOT.resolve(file))) {
                    number++;
                    Matcher matcher = pattern.matcher(line);
                    if (matcher.find()) {
                        found.add(file + ":" + number + ": " + matcher.group());
                    }
                }
            } catch (CharacterCodingException e) {
                // Not text: nothing that a person would read as a host or a path.
            }
        }
        return found;
    }
}
