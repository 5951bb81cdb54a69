package org.segmeter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.segmeter.volume.InputException;
import tools.jackson.databind.json.JsonMapper;

/** docs/formats.md says of every input that may be answered either way what is answered; and names them all. */
class EitherWayTest {

    private static final Path RESOURCES = Path.of("src/test/resources/org/segmeter/format");
    private static final Path SHARED = Path.of("../shared/samples");
    private static final List<Path> FOLDERS = List.of(
            RESOURCES.resolve("dicom/bad"),
            RESOURCES.resolve("nifti/bad"),
            RESOURCES.resolve("nifti/nifti-variants"),
            SHARED.resolve("bad"));
    private static final Pattern ROW = Pattern.compile(
            "\\| `([a-z0-9_.]+)` \\| [^|]+ \\| (accepted|accepted, with a notice|refused, `([a-z-]+)`) \\| .*\\|");

    private record Decision(String file, String answer) {}

    private static List<Decision> decisions() throws IOException {
        List<Decision> decisions = new ArrayList<>();
        String text = Files.readString(Path.of("docs/formats.md"));
        for (String line : text.substring(text.indexOf("## The inputs that may be answered either way"))
                .split("\n")) {
            if (line.startsWith("| `")) {
                Matcher row = ROW.matcher(line);
                assertThat(row.matches()).as(line).isTrue();
                decisions.add(new Decision(row.group(1), row.group(2)));
            }
        }
        return decisions;
    }

    /** Null if only the shared collection has it, and that is not here. */
    private static @Nullable Path find(String file) {
        return FOLDERS.stream()
                .map(folder -> folder.resolve(file))
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
    }

    private static String answer(Path file) throws IOException {
        try {
            var read = SegmentationReader.standard().readFiles(List.of(file), ReadOptions.defaults());
            return read.source().notices().isEmpty() ? "accepted" : "accepted, with a notice";
        } catch (InputException e) {
            return "refused, `" + e.problem().slug() + "`";
        }
    }

    @Test
    void everyOneOfThemIsInTheTable() throws IOException {
        Set<String> open = new TreeSet<>();
        for (String index : List.of("dicom/bad/index.json", "nifti/bad/index.json")) {
            JsonMapper.builder()
                    .build()
                    .readTree(RESOURCES.resolve(index).toFile())
                    .properties()
                    .forEach(entry -> {
                        if (entry.getValue().path("expected").asString("").equals("either")) {
                            open.add(entry.getKey());
                        }
                    });
        }
        try (Stream<Path> variants = Files.list(RESOURCES.resolve("nifti/nifti-variants"))) {
            variants.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("other_") && name.endsWith(".gz"))
                    .forEach(open::add);
        }
        // The repository has no copy of this one: 500 kB of empty entries.
        open.add("zip_5000_entries.zip");
        assertThat(open).hasSize(37);
        assertThat(decisions().stream().map(Decision::file)).containsExactlyInAnyOrderElementsOf(open);
    }

    @TestFactory
    Stream<DynamicTest> theAnswerIsTheOneThatIsWritten() throws IOException {
        List<DynamicTest> tests = decisions().stream()
                .map(decision -> DynamicTest.dynamicTest(decision.file(), () -> {
                    Path file = find(decision.file());
                    assumeThat(file)
                            .as("only in ../shared/samples, which is not here")
                            .isNotNull();
                    if (file != null) {
                        assertThat(answer(file)).isEqualTo(decision.answer());
                    }
                }))
                .toList();
        assertThat(decisions().stream().filter(d -> find(d.file()) != null)).hasSizeGreaterThanOrEqualTo(36);
        return tests.stream();
    }
}
