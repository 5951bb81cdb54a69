package org.segmeter.format.nifti;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Segmentation.Source;

/** What is written is read again, by us and by nibabel. */
class NiftiWriterTest {

    private static Affine rotated(Random random, boolean shear) {
        double a = random.nextDouble() * 6;
        double b = random.nextDouble() * 6;
        double[] s = {0.5 + random.nextDouble(), 0.5 + random.nextDouble(), 0.5 + 3 * random.nextDouble()};
        double[] x = {Math.cos(a) * s[0], Math.sin(a) * s[0], 0};
        double[] y = {-Math.sin(a) * Math.cos(b) * s[1], Math.cos(a) * Math.cos(b) * s[1], Math.sin(b) * s[1]};
        double hand = random.nextBoolean() ? s[2] : -s[2];
        double[] z = {Math.sin(a) * Math.sin(b) * hand, -Math.cos(a) * Math.sin(b) * hand, Math.cos(b) * hand};
        if (shear) {
            z[0] += 0.3;
        }
        return Affine.of(x, y, z, new double[] {random.nextInt(200) - 100, 7, -30});
    }

    private static Segmentation labelMap(Random random, boolean shear) {
        Grid grid =
                new Grid(1 + random.nextInt(80), 1 + random.nextInt(9), 1 + random.nextInt(7), rotated(random, shear));
        int[] numbers = {
            1 + random.nextInt(100), 200 + random.nextInt(1 << random.nextInt(25)), random.nextBoolean() ? 101 : -7
        };
        List<SegmentVoxels> segments = new ArrayList<>();
        BitMask[] masks = {new BitMask(grid.box()), new BitMask(grid.box()), new BitMask(grid.box())};
        for (int z = 0; z < grid.nz(); z++) {
            for (int y = 0; y < grid.ny(); y++) {
                for (int x = 0; x < grid.nx(); x++) {
                    int s = random.nextInt(5);
                    if (s < 3) {
                        masks[s].set(x, y, z);
                    }
                }
            }
        }
        IntStream.range(0, 3)
                .boxed()
                .sorted(Comparator.comparingInt(i -> numbers[i]))
                .filter(i -> !masks[i].isEmpty())
                .forEach(i -> segments.add(new SegmentVoxels(Segment.ofLabelValue(numbers[i]), masks[i])));
        return new Segmentation(grid, Encoding.LABELMAP, segments, new Source("test", null, true, List.of()));
    }

    private static byte[] written(Segmentation s, boolean gzip) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (gzip) {
            NiftiWriter.writeGzip(s, out);
        } else {
            NiftiWriter.write(s, out);
        }
        return out.toByteArray();
    }

    @Property(tries = 150)
    void aLabelMapComesBackAsItWas(@ForAll long seed, @ForAll boolean gzip, @ForAll boolean shear)
            throws IOException, InputException {
        Segmentation s = labelMap(new Random(seed), shear);
        Segmentation read = NiftiBytes.read(written(s, gzip), ReadOptions.defaults());
        assertThat(read.segments()).isEqualTo(s.segments());
        assertThat(read.encoding()).isEqualTo(Encoding.LABELMAP);
        assertSamePlace(read.grid(), s.grid(), 1e-4);
    }

    private static void assertSamePlace(Grid read, Grid written, double mm) {
        double[][] a = read.corners();
        double[][] b = written.corners();
        for (int c = 0; c < 8; c++) {
            for (int i = 0; i < 3; i++) {
                assertThat(Math.abs(a[c][i] - b[c][i])).isLessThan(mm);
            }
        }
    }

    @Property(tries = 100)
    void theQformSaysTheSameAsTheSform(@ForAll long seed) throws IOException, InputException {
        Segmentation s = labelMap(new Random(seed), false);
        byte[] file = written(s, false);
        file[254] = 0; // sform_code
        Segmentation read = NiftiBytes.read(file, ReadOptions.defaults());
        // A float32 quaternion with a small real part keeps only about 2e-4 of the angle; that is NIfTI's, not the
        // writer's.
        assertSamePlace(read.grid(), s.grid(), 0.1);
    }

    @Test
    void overlappingSegmentsBecomeAVolumeEach() throws IOException, InputException {
        Grid grid = new Grid(70, 3, 2, Affine.IDENTITY);
        BitMask a = new BitMask(grid.box());
        a.setRun(1, 0, 5, 69);
        BitMask b = new BitMask(grid.box());
        b.setRun(1, 0, 60, 70);
        Segmentation s = new Segmentation(
                grid,
                Encoding.BINARY,
                List.of(new SegmentVoxels(Segment.ofLabelValue(1), a), new SegmentVoxels(Segment.ofLabelValue(2), b)),
                new Source("test", null, true, List.of()));
        Segmentation read = NiftiBytes.read(written(s, true), ReadOptions.defaults());
        assertThat(read.segments()).isEqualTo(s.segments());
    }

    @Test
    void probabilitiesComeBackBitForBit() throws IOException, InputException {
        Grid grid = new Grid(7, 5, 3, Affine.IDENTITY);
        float[] p = new float[7 * 5 * 3];
        Random random = new Random(3);
        for (int i = 0; i < p.length; i++) {
            p[i] = random.nextFloat();
        }
        ProbabilityVolume volume = new ProbabilityVolume(grid.box(), p);
        Segmentation s = new Segmentation(
                grid,
                Encoding.PROBABILITY,
                List.of(
                        new SegmentVoxels(Segment.ofLabelValue(1), volume),
                        new SegmentVoxels(Segment.ofLabelValue(2), volume)),
                new Source("test", null, true, List.of()));
        Segmentation read = NiftiBytes.read(written(s, false), ReadOptions.defaults());
        assertThat(((ProbabilityVolume) read.segments().get(1).voxels()).values())
                .containsExactly(p);
    }

    @Test
    void anAxisLongerThanAShortMakesANifti2() throws IOException, InputException {
        Grid grid = new Grid(40_000, 1, 1, rotated(new Random(1), false));
        BitMask mask = new BitMask(grid.box());
        mask.setRun(0, 0, 100, 39_999);
        Segmentation s = new Segmentation(
                grid,
                Encoding.LABELMAP,
                List.of(new SegmentVoxels(Segment.ofLabelValue(3), mask)),
                new Source("test", null, true, List.of()));
        Segmentation read = NiftiBytes.read(written(s, true), ReadOptions.defaults());
        assertThat(read.source().format()).isEqualTo("nifti-2");
        assertThat(read.segments()).isEqualTo(s.segments());
        assertThat(read.grid().indexToPatient().zk())
                .isEqualTo(grid.indexToPatient().zk());
    }

    @Test
    void nibabelReadsTheSame(@TempDir Path folder) throws IOException {
        String python = Stream.of("python3", "/usr/bin/python3")
                .filter(p -> run(List.of(p, "-c", "import nibabel")).equals("0:"))
                .findFirst()
                .orElse("");
        assumeTrue(
                !python.isEmpty(),
                "python3 with nibabel is not installed: the written files are NOT checked by nibabel");
        Random random = new Random(11);
        for (int i = 0; i < 6; i++) {
            Segmentation s = labelMap(random, i == 5);
            Path file = folder.resolve("written" + i + (i % 2 == 0 ? ".nii" : ".nii.gz"));
            Files.write(file, written(s, i % 2 != 0));
            String script = "import nibabel,numpy,sys\n"
                    + "n=nibabel.load(sys.argv[1])\nd=numpy.asarray(n.dataobj)\n"
                    + "q=n.get_qform(coded=True)[0]\n"
                    + "ok=q is None or numpy.allclose(q,n.affine,atol=1e-4)\n"
                    + "v,c=numpy.unique(d[d!=0],return_counts=True)\n"
                    + "print(d.shape,ok,q is None,*['%d=%d'%x for x in zip(v,c)],'%.3f'%abs(numpy.linalg.det(n.affine[:3,:3])))";
            StringBuilder expected = new StringBuilder("0:(%d, %d, %d) True %s"
                    .formatted(s.grid().nx(), s.grid().ny(), s.grid().nz(), i == 5 ? "True" : "False"));
            for (SegmentVoxels v : s.segments()) {
                expected.append(' ').append(v.segment().number()).append('=').append(((Mask) v.voxels()).count());
            }
            expected.append(' ').append("%.3f".formatted(s.grid().voxelVolumeMm3()));
            assertThat(run(List.of(python, "-c", script, file.toString()))).isEqualTo(expected.toString());
        }
    }

    /** Exit status and output. */
    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.onExit().join().exitValue() + ":" + output.strip();
        } catch (IOException e) {
            return "not installed";
        }
    }
}
