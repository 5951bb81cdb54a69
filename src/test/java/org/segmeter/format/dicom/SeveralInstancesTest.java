package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.segmeter.format.ReadOptions;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** One side may be several objects of one series: one for each structure, or cropped ones. */
class SeveralInstancesTest {

    private static final Affine OBLIQUE = Affine.of(
            new double[] {0.8, 0.6, 0}, new double[] {-0.9, 1.2, 0}, new double[] {0, 0, 2}, new double[] {10, 20, 30});

    private static byte[] object(int instance, Grid grid, int number, Box filled) {
        return object(RandomSegmentations.identity(instance), Encoding.BINARY, "1.2.9", grid, number, filled);
    }

    private static byte[] object(
            SegWriter.Identity identity, Encoding kind, String frameOfReference, Grid grid, int number, Box filled) {
        BitMask mask = new BitMask(filled);
        for (int z = filled.z0(); z < filled.z1(); z++) {
            for (int y = filled.y0(); y < filled.y1(); y++) {
                mask.setRun(y, z, filled.x0(), filled.x1());
            }
        }
        Segmentation segmentation = new Segmentation(
                grid,
                kind,
                List.of(new SegmentVoxels(Segment.ofLabelValue(number), mask)),
                new Segmentation.Source("test", frameOfReference, true, List.of()));
        return RandomSegmentations.file(segmentation, identity, SegWriter.Options.DEFAULT);
    }

    private static Segmentation read(byte[]... objects) throws InputException {
        return new DicomSegmentationFormat()
                .read(Arrays.stream(objects).map(MemorySegment::ofArray).toList(), ReadOptions.defaults());
    }

    @Test
    void croppedObjectsArePlacedOnTheUnionOfTheirGrids() throws InputException {
        Grid large = new Grid(100, 40, 10, OBLIQUE);
        Grid cropped = new Grid(30, 12, 10, OBLIQUE.movedTo(67, 5, 4));
        Segmentation both = read(
                object(2, cropped, 2, new Box(1, 1, 1, 29, 11, 3)), object(1, large, 1, new Box(3, 2, 0, 90, 39, 10)));

        assertThat(both.grid().nx()).isEqualTo(100);
        assertThat(both.grid().ny()).isEqualTo(40);
        assertThat(both.grid().nz()).isEqualTo(10);
        assertThat(both.segments().stream().map(s -> s.segment().number())).containsExactly(1, 2);
        assertThat(((Mask) both.segments().get(0).voxels()).box()).isEqualTo(new Box(3, 2, 0, 90, 39, 10));
        Mask second = (Mask) both.segments().get(1).voxels();
        assertThat(second.box()).isEqualTo(new Box(68, 6, 5, 96, 16, 7));
        assertThat(second.count()).isEqualTo(28 * 10 * 2);
    }

    @Test
    void segmentsThatAllHaveTheNumberOneAreNumberedAnew() throws InputException {
        Grid grid = new Grid(20, 10, 5, OBLIQUE);
        Segmentation both =
                read(object(2, grid, 1, new Box(0, 0, 0, 4, 4, 4)), object(1, grid, 1, new Box(0, 0, 0, 9, 9, 1)));
        assertThat(both.segments().stream().map(s -> s.segment().number())).containsExactly(1, 2);
        assertThat(((Mask) both.segments().get(0).voxels()).count()).isEqualTo(81);
        assertThat(both.source().notices()).anyMatch(n -> n.contains("numbered anew"));
    }

    @Test
    void anObjectGivenTwiceIsCountedOnce() throws InputException {
        byte[] one = object(1, new Grid(20, 10, 5, OBLIQUE), 1, new Box(0, 0, 0, 4, 4, 4));
        assertThat(read(one, one.clone()).segments()).hasSize(1);
    }

    @Test
    void imagesBesideTheSegmentationAreLeftOut() throws InputException {
        byte[] segmentation = object(1, new Grid(20, 10, 5, OBLIQUE), 1, new Box(0, 0, 0, 4, 4, 4));
        byte[] image = Samples.bytes(Samples.COPIES.resolve(Path.of("other", "MR_small_RLE.dcm")));
        Segmentation found = read(image, segmentation);
        assertThat(found.segments()).hasSize(1);
        assertThat(found.source().notices()).anyMatch(n -> n.contains("left out"));
        refused(InputProblem.UNSUPPORTED_SOP_CLASS, image, image);
    }

    @Test
    void objectsThatDoNotBelongTogetherAreRefused() {
        Grid grid = new Grid(20, 10, 5, OBLIQUE);
        Box box = new Box(0, 0, 0, 4, 4, 5);
        byte[] one = object(1, grid, 1, box);
        LocalDateTime now = LocalDateTime.of(2026, 1, 1, 0, 0);
        refused(
                InputProblem.AMBIGUOUS_SEGMENTS,
                one,
                object(
                        new SegWriter.Identity("1.2.3.1", "1.2.3.99", "1.2.7", "1.2.9", 1, 2, now),
                        Encoding.BINARY,
                        "1.2.9",
                        grid,
                        2,
                        box));
        refused(
                InputProblem.FRAME_OF_REFERENCE_MISMATCH,
                one,
                object(RandomSegmentations.identity(2), Encoding.BINARY, "1.2.10", grid, 2, box));
        refused(
                InputProblem.MALFORMED_DATASET,
                one,
                object(RandomSegmentations.identity(2), Encoding.LABELMAP, "1.2.9", grid, 2, box));
        refused(InputProblem.MALFORMED_DATASET, one, object(1, grid, 2, box));
        refused(InputProblem.INVALID_GEOMETRY, one, object(2, new Grid(20, 10, 5, OBLIQUE.movedTo(0.4, 0, 0)), 2, box));
        refused(InputProblem.INVALID_GEOMETRY, one, object(2, new Grid(20, 10, 5, OBLIQUE.movedTo(0, 0, 0.5)), 2, box));
        refused(
                InputProblem.INVALID_GEOMETRY,
                one,
                object(2, new Grid(20, 10, 5, RandomSegmentations.affine(new java.util.Random(1))), 2, box));
    }

    private static void refused(InputProblem problem, byte[]... objects) {
        assertThatThrownBy(() -> read(objects))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(problem));
    }
}
