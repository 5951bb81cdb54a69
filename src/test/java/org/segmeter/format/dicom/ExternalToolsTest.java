package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ContourSet;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.IntensityVolume;
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

    /** Decoders of others make an object without compression of it; from both the same voxels are read. */
    @Test
    void othersDecodeCompressedSamplesToTheSameVoxels() throws Exception {
        assumeInstalled("gdcmconv");
        Map<String, String> ofDcmtk = Map.of(
                "1.2.840.10008.1.2.5", "dcmdrle",
                "1.2.840.10008.1.2.4.80", "dcmdjpls",
                "1.2.840.10008.1.2.4.70", "dcmdjpeg");
        List<Path> samples = new ArrayList<>();
        for (String part : List.of("seg", "derived")) {
            boolean whole = Files.isDirectory(Samples.COLLECTION.resolve(part));
            samples.addAll(Samples.files((whole ? Samples.COLLECTION : Samples.COPIES).resolve(part)));
        }
        int compared = 0;
        for (Path sample : samples) {
            byte[] object = Samples.bytes(sample);
            String syntax = syntax(object);
            if (!syntax.startsWith("1.2.840.10008.1.2.4.") && !ofDcmtk.containsKey(syntax)) {
                continue;
            }
            Segmentation ours = Samples.read(object);
            if (ours.encoding() == Encoding.BINARY) {
                // Neither tool writes pixels of one bit; the same object without compression is a sample, too.
                Path liver = Samples.COLLECTION.resolve("seg/pydicom_liver.dcm");
                if (!Files.exists(liver)) {
                    liver = sample.resolveSibling("pydicom_liver_deflate.dcm");
                }
                assertThat(sample.getFileName().toString()).startsWith("pydicom_liver_");
                same(sample.getFileName().toString(), Samples.read(Samples.bytes(liver)), ours);
                compared++;
                continue;
            }
            List<String[]> tools = new ArrayList<>();
            if (ours.encoding() != Encoding.LABELMAP) { // younger than the gdcm that distributions carry
                tools.add(new String[] {"gdcmconv", "--raw", "-i", sample.toString(), "-o", "raw.dcm"});
            }
            if (ofDcmtk.containsKey(syntax)) {
                tools.add(new String[] {ofDcmtk.get(syntax), sample.toString(), "raw.dcm"});
            }
            for (String[] tool : tools) {
                Path raw = folder.resolve("raw.dcm");
                Files.deleteIfExists(raw);
                tool[tool.length - 1] = raw.toString();
                String log = run(tool);
                assertThat(log).as("%s of %s", tool[0], sample).endsWith("exit 0");
                byte[] decoded = Samples.bytes(raw);
                assertThat(syntax(decoded)).isNotEqualTo(syntax);
                same(tool[0] + " of " + sample.getFileName(), Samples.read(decoded), ours);
                compared++;
            }
        }
        System.out.println("ExternalToolsTest: " + compared + " compressed samples compared, all the same voxels");
        assertThat(compared).isGreaterThanOrEqualTo(7);
    }

    /** Images as scanners make them, signed and not, in JPEG 2000 (DCMTK has no encoder of it) and JPEG-LS. */
    @Test
    void imagesThatOthersCompressedHaveTheSameValues() throws Exception {
        assumeInstalled("gdcmconv");
        int[] size = {37, 29, 3};
        double[][] axes = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        for (boolean signed : new boolean[] {true, false}) {
            ImageFixture series = new ImageFixture(
                    size,
                    new double[] {1, 1, 2},
                    axes,
                    new double[] {0, 0, 0},
                    (left, back, head) -> 17 * left - 23 * back + 5 * head * left - 100);
            if (signed) {
                series.signed();
            }
            for (String kind : List.of("--j2k", "--jpegls")) {
                List<byte[]> compressed = new ArrayList<>();
                for (byte[] file : series.files()) {
                    Path plain = Files.write(folder.resolve("plain.dcm"), file);
                    Path small = folder.resolve("small.dcm");
                    Files.deleteIfExists(small);
                    assertThat(run("gdcmconv", kind, "-i", plain.toString(), "-o", small.toString()))
                            .endsWith("exit 0");
                    compressed.add(Files.readAllBytes(small));
                }
                assertThat(syntax(compressed.getFirst()))
                        .isEqualTo("1.2.840.10008.1.2.4." + (kind.equals("--j2k") ? 90 : 80));
                IntensityVolume ours = image(compressed);
                IntensityVolume plain = image(series.files());
                for (int z = 0; z < size[2]; z++) {
                    for (int y = 0; y < size[1]; y++) {
                        for (int x = 0; x < size[0]; x++) {
                            assertThat(ours.value(x, y, z)).as(kind).isEqualTo(plain.value(x, y, z));
                        }
                    }
                }
                assertThat(plain.range()[0]).isNegative();
            }
        }
    }

    private static IntensityVolume image(List<byte[]> files) throws InputException {
        return new DicomSegmentationFormat()
                .readImage(files.stream().map(MemorySegment::ofArray).toList(), ReadOptions.defaults(), 1 << 20);
    }

    private static void same(String what, Segmentation theirs, Segmentation ours) {
        assertThat(theirs.grid()).as(what).isEqualTo(ours.grid());
        assertThat(theirs.segments()).as(what).hasSameSizeAs(ours.segments());
        for (int i = 0; i < ours.segments().size(); i++) {
            sameVoxels(
                    what + ", segment " + i,
                    theirs.segments().get(i).voxels(),
                    ours.segments().get(i).voxels());
        }
    }

    private static void sameVoxels(String what, Object theirs, Object ours) {
        if (ours instanceof ProbabilityVolume probabilities) {
            assertThat(((ProbabilityVolume) theirs).values()).as(what).isEqualTo(probabilities.values());
        } else {
            BitMask mask = ((Mask) ours).toBitMask();
            BitMask other = ((Mask) theirs).toBitMask();
            assertThat(other.count()).as(what).isEqualTo(mask.count());
            assertThat(other.intersectionCount(mask)).as(what).isEqualTo(mask.count());
        }
    }

    private static String syntax(byte[] object) {
        // Part 10: the file meta information, explicit little endian, has (0002,0010) UI.
        for (int i = 132; i + 8 < Math.min(object.length, 2000); i++) {
            if (object[i] == 2
                    && object[i + 1] == 0
                    && object[i + 2] == 0x10
                    && object[i + 3] == 0
                    && object[i + 4] == 'U'
                    && object[i + 5] == 'I') {
                int length = object[i + 6] & 0xff;
                return new String(object, i + 8, length, StandardCharsets.US_ASCII).replace("\0", "");
            }
        }
        return "";
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

    /**
     * Ellipses, and rings that are one contour with a channel. It has no rule for voxel centres on a contour (none of these is within a
     * hundredth of a voxel), and fills a contour inside another one instead of taking it for a hole.
     */
    @Test
    void plastimatchFindsTheSameVoxelsInsideContours() throws Exception {
        assumeInstalled("plastimatch");
        Grid grid = new Grid(64, 48, 6, new Affine(0.9, 0, 0, -20.3, 0, 0.9, 0, 11.7, 0, 0, 2.5, -40));
        List<double[]> ellipses = new ArrayList<>();
        List<double[]> rings = new ArrayList<>();
        for (int z = 1; z < 5; z++) {
            ellipses.add(StructureSets.ellipse(grid, z, 45.06 + z, 22.32, 11.87, 14.93));
            rings.add(joined(
                    StructureSets.ellipse(grid, z, 17.06, 22.32, 11.87, 14.93),
                    StructureSets.ellipse(grid, z, 16.91, 22.09, 4.84, 7.49)));
        }
        byte[] file = StructureSets.of(List.of(ellipses, rings));
        Path contours = Files.write(folder.resolve("contours.dcm"), file);
        ContourSet set = (ContourSet) new DicomSegmentationFormat()
                .readDelineation(List.of(MemorySegment.ofArray(file)), ReadOptions.defaults());
        Segmentation ours = set.onto(grid, 1 << 20, CancelSignal.none());
        Path fixed = folder.resolve("fixed.nii");
        try (OutputStream out = Files.newOutputStream(fixed)) {
            NiftiWriter.write(ours, out);
        }
        Path labels = folder.resolve("labels.nii");
        String log = run(
                "plastimatch",
                "convert",
                "--input",
                contours.toString(),
                "--fixed",
                fixed.toString(),
                "--output-labelmap",
                labels.toString());
        assertThat(log).endsWith("exit 0");
        Segmentation theirs = SegmentationReader.standard().readFiles(List.of(labels), ReadOptions.defaults());
        assertThat(theirs.segments()).hasSize(2);
        for (int i = 0; i < 2; i++) {
            BitMask mine = ((Mask) ours.segments().get(i).voxels()).toBitMask();
            assertThat(mine.count()).isGreaterThan(1000);
            assertThat(((Mask) theirs.segments().get(i).voxels()).toBitMask()).isEqualTo(mine);
        }
    }

    /** One contour around a ring: from the first point of the outside to the inside, around it, and back. */
    private static double[] joined(double[] outside, double[] inside) {
        double[] points = new double[outside.length + inside.length + 6];
        System.arraycopy(outside, 0, points, 0, outside.length);
        System.arraycopy(outside, 0, points, outside.length, 3);
        System.arraycopy(inside, 0, points, outside.length + 3, inside.length);
        System.arraycopy(inside, 0, points, outside.length + 3 + inside.length, 3);
        return points;
    }
}
