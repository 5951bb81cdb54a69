package org.segmeter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code segmeter batch}: a table that grows case by case, and is gone on with after an interruption. */
class BatchCommandTest {

    private static final Path SAMPLES = Path.of("src/test/resources/samples");

    @TempDir
    private Path directory;

    private Path predictions;
    private Path references;
    private Path table;
    private Path objects;

    private record Run(int status, String out, String err) {}

    @BeforeEach
    void pairs() throws IOException {
        predictions = Files.createDirectory(directory.resolve("pred"));
        references = Files.createDirectory(directory.resolve("ref"));
        table = directory.resolve("out.csv");
        objects = directory.resolve("out.jsonl");
        for (String name : List.of("a", "b", "c", "d")) {
            Files.copy(SAMPLES.resolve("s01_binary_single.perturbed.nii.gz"), predictions.resolve(name + ".nii.gz"));
            Files.copy(SAMPLES.resolve("s01_binary_single.nii.gz"), references.resolve(name + ".nii.gz"));
        }
    }

    private Run run(String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("batch", "--prediction", predictions.toString(), "--reference", references.toString()));
        arguments.addAll(List.of("--protocol", "nnunet@1", "--jobs", "2"));
        arguments.addAll(Arrays.asList(more));
        return command(arguments.toArray(String[]::new));
    }

    private static Run command(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = CommandLineTool.run(
                arguments,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Run(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void scoresWhatBelongsTogetherAndNamesWhatDoesNot() throws IOException {
        Files.writeString(predictions.resolve("e.nii.gz"), "no volume");
        Files.copy(SAMPLES.resolve("s01_binary_single.dcm"), references.resolve("e.dcm"));
        Files.writeString(predictions.resolve("alone.nii.gz"), "x");
        Files.writeString(references.resolve("other.nii.gz"), "x");
        Files.writeString(references.resolve(".DS_Store"), "x");

        Run run = run("--csv", table.toString(), "--jsonl", objects.toString());

        assertThat(run.status()).isEqualTo(CommandLineTool.REFUSED);
        assertThat(run.out()).startsWith("5 cases: 4 scored, 0 already there, 1 not scored; 2 without a counterpart;");
        assertThat(run.err()).contains("not scored: e: ", "no reference: alone\n", "no prediction: other\n");
        List<String> lines = Files.readAllLines(table);
        assertThat(lines.getFirst())
                .isEqualTo(
                        "case,model,version,site,scanner,reader,labels,prediction,reference,protocol,segment,label,metric,"
                                + "parameters,value,unit,state,reason");
        assertThat(lines)
                .filteredOn(line -> line.contains(",nnunet@1,") && line.contains(",dice,,"))
                .hasSize(8);
        assertThat(lines.getLast()).startsWith("e,").contains(",FAILED,");
        List<JsonNode> cards = Files.readAllLines(objects).stream()
                .map(line -> JsonMapper.shared().readTree(line))
                .toList();
        assertThat(cards).extracting(card -> card.path("case").asString()).containsExactly("a", "b", "c", "d", "e");
        JsonNode alone = JsonMapper.shared()
                .readTree(command(
                                "score",
                                predictions.resolve("a.nii.gz").toString(),
                                references.resolve("a.nii.gz").toString(),
                                "--protocol",
                                "nnunet@1",
                                "--json")
                        .out());
        assertThat(cards.getFirst().path("scorecard").path("segments")).isEqualTo(alone.path("segments"));
        String dice = alone.at("/segments/0/metrics/dice/value").asString();
        assertThat(lines).anyMatch(line -> line.startsWith("a,,,,,,,") && line.contains(",dice,," + dice + ",1,OK,"));
    }

    @Test
    void goesOnWithWhatWasInterruptedAnywhere() throws IOException {
        assertThat(run("--csv", table.toString(), "--jsonl", objects.toString()).status())
                .isZero();
        byte[] whole = Files.readAllBytes(table);
        byte[] wholeObjects = Files.readAllBytes(objects);
        for (int part = 0; part <= 10; part++) {
            Files.write(table, Arrays.copyOf(whole, whole.length * part / 10));
            Files.write(objects, Arrays.copyOf(wholeObjects, wholeObjects.length * (10 - part) / 10));
            if (part == 0) {
                Files.delete(table);
            }
            Run run = run("--csv", table.toString(), "--jsonl", objects.toString());
            if (Arrays.equals(Files.readAllBytes(table), whole)) {
                assertThat(run.status()).isZero();
            } else {
                // A header that is cut off is not known for one of this command.
                assertThat(run.status()).isEqualTo(CommandLineTool.USAGE);
                assertThat(new String(whole, 0, whole.length * part / 10, StandardCharsets.UTF_8))
                        .doesNotContain("\n");
            }
            if (run.status() == CommandLineTool.DONE) {
                assertThat(objectsOf(Files.readAllLines(objects)))
                        .containsExactlyInAnyOrderElementsOf(objectsOf(new String(wholeObjects, StandardCharsets.UTF_8)
                                .lines()
                                .toList()));
            }
        }
        Files.write(table, whole);
        JsonNode summary = JsonMapper.shared()
                .readTree(run("--csv", table.toString(), "--json").out());
        assertThat(summary.path("skipped").asInt()).isEqualTo(4);
        assertThat(Files.readAllBytes(table)).isEqualTo(whole);
    }

    @Test
    void goesOnWithATableThatSomebodyHasSorted() throws IOException {
        assertThat(run("--csv", table.toString()).status()).isZero();
        List<String> lines = Files.readAllLines(table);
        List<String> byMetric = new ArrayList<>(lines.subList(1, lines.size()));
        byMetric.sort(java.util.Comparator.comparing((String line) -> line.split(",", -1)[12])
                .thenComparing(java.util.Comparator.reverseOrder()));
        byMetric.addFirst(lines.getFirst());
        Files.write(table, byMetric);
        JsonNode summary = JsonMapper.shared()
                .readTree(run("--csv", table.toString(), "--json").out());
        assertThat(summary.path("skipped").asInt()).isEqualTo(4);
        assertThat(Files.readAllLines(table)).isEqualTo(byMetric);
        // Another pair is added to what is there, which stays as it is.
        Files.copy(predictions.resolve("a.nii.gz"), predictions.resolve("e.nii.gz"));
        Files.copy(references.resolve("a.nii.gz"), references.resolve("e.nii.gz"));
        assertThat(JsonMapper.shared()
                        .readTree(run("--csv", table.toString(), "--json").out())
                        .path("scored")
                        .asInt())
                .isEqualTo(1);
        List<String> after = Files.readAllLines(table);
        assertThat(after.subList(0, byMetric.size())).isEqualTo(byMetric);
        assertThat(after.subList(byMetric.size(), after.size()))
                .hasSize(lines.size() / 4)
                .allMatch(line -> line.startsWith("e,"));
    }

    @Test
    void scoresOnlyWhereTheMaskOfAManifestIs() throws IOException {
        Path manifest = directory.resolve("cases.csv");
        Files.writeString(
                manifest,
                "case,prediction,reference,mask\n"
                        + "within,pred/a.nii.gz,ref/a.nii.gz,ref/b.nii.gz\n"
                        + "whole,pred/a.nii.gz,ref/a.nii.gz,\n");
        Run run = command(
                "batch", "--manifest", manifest.toString(), "--csv", table.toString(), "--protocol", "segmeter@1");
        assertThat(run.status()).as(run.err()).isZero();
        // Where only the reference has voxels, no voxel of the prediction can be wrong.
        assertThat(valuesOf("within", "precision")).isNotEmpty().allMatch(value -> value == 1);
        assertThat(valuesOf("whole", "precision")).isNotEmpty().allMatch(value -> value < 1);
        assertThat(valuesOf("within", "sensitivity")).isEqualTo(valuesOf("whole", "sensitivity"));
        Files.writeString(
                manifest, "case,prediction,reference,mask\nwithin,pred/a.nii.gz,ref/a.nii.gz,ref/none.nii.gz\n");
        assertThat(command("batch", "--manifest", manifest.toString(), "--csv", table.toString(), "--overwrite")
                        .status())
                .isEqualTo(CommandLineTool.REFUSED);
    }

    private List<Double> valuesOf(String name, String metric) throws IOException {
        return Files.readAllLines(table).stream()
                .map(line -> line.split(",", -1))
                .filter(cells -> cells[0].equals(name) && cells[12].equals(metric))
                .map(cells -> Double.parseDouble(cells[14]))
                .toList();
    }

    private static List<String> objectsOf(List<String> lines) {
        return lines.stream()
                .map(line -> JsonMapper.shared().readTree(line).path("case").asString())
                .toList();
    }

    @Test
    void refusesToMixATableWithSomethingElse() throws IOException {
        Files.writeString(table, "my,own,table\n");
        assertThat(run("--csv", table.toString()).status()).isEqualTo(CommandLineTool.USAGE);
        assertThat(Files.readString(table)).isEqualTo("my,own,table\n");
        assertThat(run("--csv", table.toString(), "--overwrite").status()).isZero();
        byte[] before = Files.readAllBytes(table);
        Run other = command(
                "batch",
                "--prediction",
                predictions.toString(),
                "--reference",
                references.toString(),
                "--csv",
                table.toString(),
                "--protocol",
                "monai@1");
        assertThat(other.status()).isEqualTo(CommandLineTool.USAGE);
        assertThat(other.err()).contains("nnunet@1").contains("--overwrite");
        assertThat(Files.readAllBytes(table)).isEqualTo(before);
        assertThat(run(
                                "--csv",
                                table.toString(),
                                "--overwrite",
                                "--request",
                                "{\"protocol\":\"none@1\"}",
                                "--protocol",
                                "x@1")
                        .status())
                .isEqualTo(CommandLineTool.REFUSED);
        assertThat(Files.readAllBytes(table)).isEqualTo(before);
    }

    @Test
    void takesAManifestWhoseNamesAreSeenFromWhereItLies() throws IOException {
        Path manifest = directory.resolve("cases.csv");
        Files.writeString(manifest, "case,prediction,reference,model,reader\nx,pred/a.nii.gz,ref/a.nii.gz,net,R1\n");
        Run run = command(
                "batch",
                "--manifest",
                manifest.toString(),
                "--csv",
                table.toString(),
                "--request",
                "{\"protocol\":\"nnunet@1\"}");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(Files.readAllLines(table).get(1)).startsWith("x,net,,,,R1,,pred/a.nii.gz,ref/a.nii.gz,nnunet@1,");
        Files.writeString(manifest, "case,prediction\nx,y\n");
        assertThat(command("batch", "--manifest", manifest.toString(), "--csv", table.toString())
                        .err())
                .contains("line 1, column reference");
        assertThat(command("batch", "--csv", table.toString()).status()).isEqualTo(CommandLineTool.USAGE);
    }
}
