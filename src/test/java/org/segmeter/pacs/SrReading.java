package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Reads structured reports: our own way through their DICOM JSON, and what independent tools say. */
public final class SrReading {

    private SrReading() {}

    /** Floating point values of all numbers whose concept has a code, in document order. */
    public static List<Double> numbers(JsonNode item, String code) {
        List<Double> found = new ArrayList<>();
        collect(item, code, found);
        return found;
    }

    private static void collect(JsonNode item, String code, List<Double> found) {
        String value = item.path("0040A043")
                .path("Value")
                .path(0)
                .path("00080100")
                .path("Value")
                .path(0)
                .asString("");
        if (value.equals(code)) {
            found.add(item.path("0040A300")
                    .path("Value")
                    .path(0)
                    .path("0040A161")
                    .path("Value")
                    .path(0)
                    .doubleValue());
        }
        for (JsonNode child : item.path("0040A730").path("Value")) {
            collect(child, code, found);
        }
    }

    /** dciodvfy, dsrdump and dcm2xml, as far as they are installed; says which are not. */
    public static void judge(Path file) throws IOException, InterruptedException {
        String verdict = run("dciodvfy", file);
        if (verdict != null) {
            assertThat(verdict).contains("Comprehensive3DSR").doesNotContain("Error");
        }
        String dump = run("dsrdump", file);
        if (dump != null) {
            assertThat(dump)
                    .contains(
                            "Comprehensive 3D SR Document",
                            "Dice similarity coefficient",
                            "Derived Imaging Measurements")
                    .doesNotContain("E: ");
        }
        String xml = run("dcm2xml", file);
        if (xml != null) {
            assertThat(xml).contains("Dice similarity coefficient").doesNotContain("E: ");
        }
    }

    private static String run(String tool, Object... arguments) throws IOException, InterruptedException {
        if (!Files.isExecutable(Path.of("/usr/bin", tool))) {
            System.out.println("NOT RUN: the report was not judged by " + tool + ", which is not installed");
            return null;
        }
        List<String> command = new ArrayList<>(List.of(tool));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(tool + ": " + output).isZero();
        return output;
    }
}
