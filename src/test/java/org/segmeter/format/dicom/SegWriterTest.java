package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** What is written is read back: voxels, grid and identity, in every encoding alike. */
class SegWriterTest {

    @Property(tries = 40)
    void everyEncodingIsReadBackTheSame(@ForAll long seed) throws InputException {
        Random random = new Random(seed);
        for (Encoding kind : Encoding.values()) {
            Segmentation written = RandomSegmentations.of(random, kind);
            for (SegWriter.Encoding encoding : SegWriter.Encoding.values()) {
                SegWriter.Options options = new SegWriter.Options(
                        encoding, false, random.nextBoolean(), random.nextBoolean() && evenFrames(written), 255);
                Segmentation read = Samples.read(RandomSegmentations.file(written, options));
                assertThat(read.encoding()).isEqualTo(kind);
                sameGrid(read.grid(), written.grid());
                sameSegments(read, written);
                assertThat(read.source().frameOfReferenceUid())
                        .isEqualTo(written.source().frameOfReferenceUid());
            }
        }
    }

    /** Words that are swapped must be whole: a writer pads the value, not each frame. */
    private static boolean evenFrames(Segmentation s) {
        return s.grid().voxelCount() % 2 == 0;
    }

    @Property(tries = 40)
    void omittedEmptyFramesLeaveTheVoxelsWhereTheyAre(@ForAll long seed) throws InputException {
        Random random = new Random(seed);
        for (Encoding kind : Encoding.values()) {
            Segmentation written = RandomSegmentations.of(random, kind);
            Segmentation read = Samples.read(RandomSegmentations.file(written, SegWriter.Options.DEFAULT));
            for (int s = 0; s < written.segments().size(); s++) {
                sameVoxelsInSpace(read, written, s);
            }
        }
    }

    private static void sameGrid(Grid a, Grid b) {
        assertThat(a.nx()).isEqualTo(b.nx());
        assertThat(a.ny()).isEqualTo(b.ny());
        assertThat(a.nz()).isEqualTo(b.nz());
        for (int c = 0; c < 8; c++) {
            for (int i = 0; i < 3; i++) {
                assertThat(a.corners()[c][i]).isCloseTo(b.corners()[c][i], within(1e-8));
            }
        }
    }

    private static void sameSegments(Segmentation read, Segmentation written) {
        assertThat(read.segments().stream().map(SegmentVoxels::segment).toList())
                .isEqualTo(
                        written.segments().stream().map(SegmentVoxels::segment).toList());
        for (int s = 0; s < written.segments().size(); s++) {
            switch (written.segments().get(s).voxels()) {
                case Mask m ->
                    assertThat(((Mask) read.segments().get(s).voxels()).toBitMask())
                            .isEqualTo(m.toBitMask());
                case ProbabilityVolume p ->
                    assertThat(dense((ProbabilityVolume) read.segments().get(s).voxels(), read.grid()))
                            .isEqualTo(dense(p, written.grid()));
            }
        }
    }

    private static float[] dense(ProbabilityVolume p, Grid grid) {
        float[] all = new float[(int) grid.voxelCount()];
        int at = 0;
        for (int z = p.box().z0(); z < p.box().z1(); z++) {
            for (int y = p.box().y0(); y < p.box().y1(); y++) {
                for (int x = p.box().x0(); x < p.box().x1(); x++) {
                    all[(z * grid.ny() + y) * grid.nx() + x] = p.values()[at++];
                }
            }
        }
        return all;
    }

    private static void sameVoxelsInSpace(Segmentation read, Segmentation written, int s) {
        BitMask a = bits(read, s);
        BitMask b = bits(written, s);
        assertThat(a.count()).isEqualTo(b.count());
        if (a.count() == 0) {
            return;
        }
        double[] p = read.grid()
                .indexToPatient()
                .apply(a.box().x0(), a.box().y0(), a.box().z0());
        double[] q = written.grid()
                .indexToPatient()
                .apply(b.box().x0(), b.box().y0(), b.box().z0());
        for (int i = 0; i < 3; i++) {
            assertThat(p[i]).isCloseTo(q[i], within(1e-8));
        }
        int dz = b.box().z0() - a.box().z0();
        for (int z = b.box().z0(); z < b.box().z1(); z++) {
            for (int y = b.box().y0(); y < b.box().y1(); y++) {
                for (int x = b.box().x0(); x < b.box().x1(); x++) {
                    assertThat(a.contains(x, y, z - dz)).isEqualTo(b.contains(x, y, z));
                }
            }
        }
    }

    private static BitMask bits(Segmentation segmentation, int s) {
        return switch (segmentation.segments().get(s).voxels()) {
            case Mask m -> m.toBitMask();
            case ProbabilityVolume p -> p.atLeast(1 / 255.0 - 1e-6);
        };
    }

    @Test
    void leftHandedGridsKeepEveryVoxelInItsPlace() throws InputException {
        Grid grid = new Grid(
                5,
                4,
                3,
                Affine.of(new double[] {1, 0, 0}, new double[] {0, 1, 0}, new double[] {0, 0, -2}, new double[] {7, 8, 9
                }));
        BitMask mask = new BitMask(grid.box());
        mask.set(1, 2, 0);
        Segmentation written = segmentation(grid, Encoding.BINARY, new SegmentVoxels(Segment.ofLabelValue(1), mask));
        Segmentation read = Samples.read(RandomSegmentations.file(
                written, new SegWriter.Options(SegWriter.Encoding.EXPLICIT_LITTLE_ENDIAN, false, false, false, 255)));
        Box box = ((Mask) read.segments().getFirst().voxels()).box();
        assertThat(read.grid().indexToPatient().apply(box.x0(), box.y0(), box.z0()))
                .containsExactly(8, 10, 9);
    }

    @Test
    void anEmptySegmentationIsWrittenWithOneEmptyFrame() throws InputException {
        Grid grid = new Grid(5, 4, 3, Affine.IDENTITY);
        for (Encoding kind : List.of(Encoding.BINARY, Encoding.LABELMAP)) {
            Segmentation written =
                    segmentation(grid, kind, new SegmentVoxels(Segment.ofLabelValue(3), new BitMask(Box.EMPTY)));
            Segmentation read = Samples.read(RandomSegmentations.file(written, SegWriter.Options.DEFAULT));
            assertThat(((Mask) read.segments().getFirst().voxels()).isEmpty()).isTrue();
            assertThat(read.segments().getFirst().segment().number()).isEqualTo(3);
        }
    }

    @Test
    void whatDicomCannotHoldIsRefused() {
        Grid sheared = new Grid(2, 2, 2, new Affine(1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0));
        Grid grid = new Grid(2, 2, 2, Affine.IDENTITY);
        BitMask all = new BitMask(grid.box());
        all.set(0, 0, 0);
        assertThatThrownBy(() -> RandomSegmentations.file(
                        segmentation(sheared, Encoding.BINARY, new SegmentVoxels(Segment.ofLabelValue(1), all)),
                        SegWriter.Options.DEFAULT))
                .hasMessageContaining("sheared");
        assertThatThrownBy(() -> RandomSegmentations.file(
                        segmentation(grid, Encoding.BINARY, new SegmentVoxels(Segment.ofLabelValue(-1), all)),
                        SegWriter.Options.DEFAULT))
                .hasMessageContaining("1 to 65,535");
        assertThatThrownBy(() -> RandomSegmentations.file(
                        segmentation(
                                grid,
                                Encoding.LABELMAP,
                                new SegmentVoxels(Segment.ofLabelValue(1), all),
                                new SegmentVoxels(Segment.ofLabelValue(2), all)),
                        SegWriter.Options.DEFAULT))
                .hasMessageContaining("overlap");
        assertThatThrownBy(
                        () -> RandomSegmentations.file(segmentation(grid, Encoding.BINARY), SegWriter.Options.DEFAULT))
                .hasMessageContaining("at least one segment");
    }

    private static Segmentation segmentation(Grid grid, Encoding kind, SegmentVoxels... segments) {
        return new Segmentation(grid, kind, List.of(segments), new Segmentation.Source("test", null, true, List.of()));
    }

    @Test
    void decimalStringsHaveAtMostSixteenCharacters() {
        Random random = new Random(5);
        for (int i = 0; i < 10_000; i++) {
            double value = random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
            String text = DatasetBuilder.decimal(value);
            assertThat(text).hasSizeLessThanOrEqualTo(16);
            assertThat(Double.parseDouble(text)).isCloseTo(value, within(Math.abs(value) * 1e-8));
        }
        assertThat(DatasetBuilder.decimal(-0.5)).isEqualTo("-0.5");
        assertThat(DatasetBuilder.decimal(0)).isEqualTo("0");
    }
}
