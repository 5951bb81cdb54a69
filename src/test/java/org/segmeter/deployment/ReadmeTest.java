package org.segmeter.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.segmeter.cli.CommandLineTool;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@DisplayName("The read-me")
class ReadmeTest {

    private final String readme;

    ReadmeTest() throws IOException {
        readme = WorkingCopy.read("README.md");
    }

    @Test
    void linksToFilesThatExist() {
        List<String> links = all("\\]\\(([^)#]+)(?:#[^)]*)?\\)", readme).stream()
                .filter(link -> !link.contains("://"))
                .toList();

        assertThat(links).hasSizeGreaterThan(5).allSatisfy(ReadmeTest::exists);
    }

    @Test
    void namesFilesOfTheRepositoryThatExist() {
        List<String> files = all("((?:examples|ops|helm|docs|\\.ci)/[\\w./-]*\\w)", readme);

        assertThat(files).contains("examples/organs/prediction.dcm").allSatisfy(ReadmeTest::exists);
    }

    @Test
    void showsTheTableThatItsCommandPrints() {
        String command =
                all("segmeter\\.jar (score examples\\S+ examples\\S+)", readme).getFirst();

        String printed = run(command.split(" ", -1));

        List<String> shown =
                block("segmeter@1  dicom-seg against nifti-1").lines().toList();
        assertThat(shown).hasSizeGreaterThan(6);
        assertThat(printed.lines().toList()).containsAll(shown);
    }

    @Test
    void showsTheValuesThatTheServiceAnswers() throws IOException {
        JsonNode scorecard = JsonMapper.shared()
                .readTree(run("score", "examples/organs/prediction.dcm", "examples/organs/reference.nii.gz", "--json"));

        assertThat(scorecard.get("segments"))
                .hasSize(3)
                .allSatisfy(segment -> assertThat(readme)
                        .contains("{\"segment\":%s,\"dice\":%s,\"hd95\":%s}"
                                .formatted(
                                        segment.at("/segment/label"),
                                        segment.at("/metrics/dice"),
                                        segment.at("/metrics/hd95"))));
    }

    @Test
    void showsTheRefusalThatItsPairIsAnsweredWith() {
        ByteArrayOutputStream errors = new ByteArrayOutputStream();

        int status = CommandLineTool.run(
                new String[] {
                    "score", "examples/organs/prediction.dcm", "examples/spinal-cord/reference.nii.gz", "--json"
                },
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(errors, true, StandardCharsets.UTF_8));

        assertThat(status).isEqualTo(CommandLineTool.REFUSED);
        JsonNode problem = JsonMapper.shared().readTree(errors.toString(StandardCharsets.UTF_8));
        assertThat(readme)
                .contains(problem.get("found").stringValue())
                .contains(problem.get("detail").stringValue());
    }

    @Test
    void namesSubcommandsAndOptionsThatTheToolHas() {
        String help = run("score", "--help");
        String section = readme.substring(readme.indexOf("## Without a server"), readme.indexOf("## The API in short"));

        assertThat(all("`(?:score )?(--[a-z-]+)`", section))
                .contains("--json", "--csv")
                .allSatisfy(option -> assertThat(help).contains(option));
        assertThat(run("--help")).contains("score", "metrics", "protocols", "healthcheck");
    }

    @Test
    void listsEverySettingWithItsDefaultAndNoOther() throws IOException {
        JsonNode metadata = JsonMapper.shared()
                .readTree(Files.readString(
                        WorkingCopy.ROOT.resolve("target/classes/META-INF/spring-configuration-metadata.json")));
        Map<String, String> settings = metadata.get("properties")
                .valueStream()
                .filter(property -> property.get("name").stringValue().startsWith("segmeter."))
                .collect(Collectors.toMap(
                        property -> "SEGMETER_"
                                + environment(property.get("name").stringValue().substring(9)),
                        property -> property.path("defaultValue").asString("")));
        Set<String> expected = new TreeSet<>(settings.keySet());
        expected.addAll(Set.of(
                "SEGMETER_DATABASE_URL",
                "SEGMETER_DATABASE_USER",
                "SEGMETER_DATABASE_PASSWORD",
                "SEGMETER_DATABASE_OWNER_USER",
                "SEGMETER_DATABASE_OWNER_PASSWORD"));

        String section = readme.substring(readme.indexOf("## Settings"), readme.indexOf("## Deploying it"));
        assertThat(new TreeSet<>(all("`(SEGMETER_[A-Z_]+)`", section))).isEqualTo(expected);
        settings.forEach((name, value) -> assertThat(section)
                .contains("| `" + name + "` | " + (value.isEmpty() ? "" : "`" + value + "` ") + "|"));
    }

    @Test
    void namesRequestsThatTheApiDocumentHas() throws IOException {
        Map<String, Object> paths =
                WorkingCopy.mapping(WorkingCopy.at(WorkingCopy.yaml(WorkingCopy.read("openapi.yaml")), "paths"));
        List<MatchResult> requests = Pattern.compile("`(GET|POST|DELETE) (/api/v1/[\\w/{}]+)")
                .matcher(readme)
                .results()
                .toList();

        assertThat(requests)
                .hasSizeGreaterThan(6)
                .allSatisfy(request -> assertThat(WorkingCopy.mapping(WorkingCopy.at(paths, request.group(2))))
                        .as(request.group())
                        .containsKey(request.group(1).toLowerCase(Locale.ROOT)));
    }

    private String block(String firstLine) {
        int start = readme.indexOf(firstLine);
        assertThat(start).as("a block that begins with %s", firstLine).isPositive();
        return readme.substring(start, readme.indexOf("\n```", start));
    }

    private static String environment(String property) {
        return property.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }

    private static String run(String... arguments) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        int status = CommandLineTool.run(
                arguments,
                new PrintStream(output, true, StandardCharsets.UTF_8),
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
        assertThat(status).isEqualTo(CommandLineTool.DONE);
        return output.toString(StandardCharsets.UTF_8);
    }

    private static List<String> all(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult result) -> result.group(1))
                .distinct()
                .toList();
    }

    private static void exists(String file) {
        assertThat(Files.exists(WorkingCopy.ROOT.resolve(Path.of(file))))
                .as("%s, named by the read-me", file)
                .isTrue();
    }
}
