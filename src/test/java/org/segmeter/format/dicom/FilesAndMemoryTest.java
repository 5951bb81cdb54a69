package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Voxels;

/** A file large enough to be read in pieces means the same as the same bytes in memory. Frames begin inside a byte. */
class FilesAndMemoryTest {

    private static final int NX = 321;
    private static final int NY = 243;
    private static final int NZ = 120;

    @TempDir
    private static Path directory;

    private static Segmentation drawn(Random random, Encoding encoding) {
        Grid grid = new Grid(NX, NY, NZ, RandomSegmentations.affine(random));
        List<SegmentVoxels> segments = new ArrayList<>();
        int[] owner = new int[NX * NY * NZ];
        for (int n = 1; n <= 2; n++) {
            BitMask mask = new BitMask(grid.box());
            float[] values = new float[owner.length];
            for (int run = 0; run < 8_000; run++) {
                int at = random.nextInt(owner.length);
                int row = at / NX;
                int x = at % NX;
                int to = Math.min(NX, x + 1 + random.nextInt(40));
                for (int i = x; i < to; i++) {
                    if (encoding != Encoding.LABELMAP || owner[row * NX + i] == 0 || owner[row * NX + i] == n) {
                        owner[row * NX + i] = n;
                        mask.set(i, row % NY, row / NY);
                        values[row * NX + i] = (float) ((1 + run % 255) / 255.0);
                    }
                }
            }
            Voxels voxels = encoding == Encoding.PROBABILITY ? new ProbabilityVolume(grid.box(), values) : mask;
            segments.add(new SegmentVoxels(Segment.ofLabelValue(n), voxels));
        }
        return new Segmentation(
                grid, encoding, segments, new Segmentation.Source("test", "1.2.826.0.1.7", true, List.of()));
    }

    private static void check(byte[] bytes, Segmentation written) throws InputException, IOException {
        assertThat(bytes.length).as("large enough to be read").isGreaterThan(1 << 20);
        Path file = Files.write(directory.resolve("file"), bytes);
        SegmentationReader reader = SegmentationReader.standard();
        Segmentation inMemory = reader.read(List.of(MemorySegment.ofArray(bytes)), ReadOptions.defaults());
        Segmentation fromFile = reader.readFiles(List.of(file), ReadOptions.defaults());
        assertThat(fromFile.grid()).isEqualTo(inMemory.grid());
        assertThat(fromFile.segments()).hasSameSizeAs(written.segments());
        for (int i = 0; i < written.segments().size(); i++) {
            Voxels expected = written.segments().get(i).voxels();
            assertThat(HostileObjectsTest.voxels(fromFile.segments().get(i).voxels()))
                    .isEqualTo(
                            HostileObjectsTest.voxels(inMemory.segments().get(i).voxels()));
            if (expected instanceof BitMask) {
                assertThat(HostileObjectsTest.voxels(fromFile.segments().get(i).voxels()))
                        .isEqualTo(HostileObjectsTest.voxels(expected));
            }
        }
    }

    @Test
    void objectsOfEachKind() throws Exception {
        Random random = new Random(20261128);
        for (Encoding encoding : Encoding.values()) {
            Segmentation written = drawn(random, encoding);
            check(
                    RandomSegmentations.file(
                            written, SegWriter.Options.DEFAULT.withEncoding(SegWriter.Encoding.EXPLICIT_LITTLE_ENDIAN)),
                    written);
        }
    }

    @Test
    void nifti() throws Exception {
        Segmentation written = drawn(new Random(20261128), Encoding.LABELMAP);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        NiftiWriter.write(written, out);
        check(out.toByteArray(), written);
    }
}
