package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;

/** What is written is accepted by other people's programs, where they are installed. */
class ExternalToolsTest {

    @TempDir
    private Path folder;

    private Path write(Encoding kind, SegWriter.Options options) throws IOException {
        Segmentation segmentation = RandomSegmentations.of(new Random(11), kind);
        return Files.write(folder.resolve(kind + ".dcm"), RandomSegmentations.file(segmentation, options));
    }

    private String run(String... command) throws IOException, InterruptedException {
        Path log = folder.resolve("log.txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as(command[0] + " ends")
                .isTrue();
        return new String(Files.readAllBytes(log), StandardCharsets.UTF_8) + "\nexit " + process.exitValue();
    }

    private static void assumeInstalled(String tool) {
        boolean found = false;
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            found |= Files.isExecutable(Path.of(directory, tool));
        }
        assumeTrue(found, "NOT RUN: " + tool + " is not installed");
    }

    @Test
    void dciodvfyFindsNoError() throws IOException, InterruptedException {
        assumeInstalled("dciodvfy");
        for (Encoding kind : Encoding.values()) {
            Path file = write(kind, SegWriter.Options.DEFAULT);
            List<String> errors = new ArrayList<>();
            for (String line : run("dciodvfy", file.toString()).split("\n", -1)) {
                if (line.startsWith("Error") && !isOutdated(line)) {
                    errors.add(line);
                }
            }
            assertThat(errors).as(kind + "").isEmpty();
        }
    }

    /** Label Map Segmentation (2024) and its segment 0 are younger than the dciodvfy that distributions carry. */
    private static boolean isOutdated(String error) {
        return error.contains("Information Object Not found")
                || error.contains("SegmentNumber not monotonically increasing");
    }

    @Test
    void dcmtkReadsEveryEncodingWithoutComplaint() throws IOException, InterruptedException {
        assumeInstalled("dcmdump");
        for (SegWriter.Encoding encoding : SegWriter.Encoding.values()) {
            if (encoding == SegWriter.Encoding.DEFLATED_FRAMES
                    || encoding == SegWriter.Encoding.ENCAPSULATED_UNCOMPRESSED) {
                continue; // younger than the DCMTK that distributions carry
            }
            for (Encoding kind : Encoding.values()) {
                Path file = write(kind, SegWriter.Options.DEFAULT.withEncoding(encoding));
                String log = run("dcmdump", file.toString());
                assertThat(log)
                        .as(encoding + " " + kind)
                        .endsWith("exit 0")
                        .doesNotContain("W: ")
                        .doesNotContain("E: ")
                        .contains("SegmentSequence");
            }
        }
    }

    @Test
    void pydicomReadsTheSameNumberOfFramesAndSegments() throws IOException, InterruptedException {
        String python = Files.isExecutable(Path.of("/usr/bin/python3")) ? "/usr/bin/python3" : "python3";
        assumeInstalled("python3");
        assumeTrue(
                run(python, "-c", "import pydicom, numpy").endsWith("exit 0"),
                "NOT RUN: pydicom and numpy are not installed for " + python);
        String program = """
                import sys, warnings, pydicom
                warnings.simplefilter('error')
                for f in sys.argv[1:]:
                    d = pydicom.dcmread(f)
                    n = len(d.PerFrameFunctionalGroupsSequence)
                    assert n == d.NumberOfFrames and len(d.SegmentSequence) >= 1
                    if d.file_meta.TransferSyntaxUID in ('1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99'):
                        a = d.pixel_array
                        print(f.split('/')[-1], 'sum', int((a > 0).sum()))
                    repr(d)
                """;
        for (SegWriter.Encoding encoding : SegWriter.Encoding.values()) {
            for (Encoding kind : Encoding.values()) {
                Path file = write(kind, SegWriter.Options.DEFAULT.withEncoding(encoding));
                String log = run(python, "-c", program, file.toString());
                assertThat(log).as(encoding + " " + kind).endsWith("exit 0");
                if (encoding == SegWriter.Encoding.EXPLICIT_LITTLE_ENDIAN) {
                    assertThat(log).contains(kind + ".dcm sum " + voxels(kind));
                }
            }
        }
    }

    private static long voxels(Encoding kind) {
        long voxels = 0;
        for (var s : RandomSegmentations.of(new Random(11), kind).segments()) {
            voxels += switch (s.voxels()) {
                case Mask m -> m.count();
                case ProbabilityVolume p -> p.atLeast(0.5 / 255).count();
            };
        }
        return voxels;
    }
}
