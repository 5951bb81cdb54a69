package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/** Rows of 64, 128 ... pixels are read word by word; they hold the same voxels as rows that are not. */
class WordAlignedRowsTest {

    @ParameterizedTest
    @ValueSource(ints = {63, 64, 65, 127, 128, 192, 512})
    void aBinaryObjectIsReadAsItWasWritten(int columns) throws Exception {
        Random random = new Random(columns);
        Grid grid = new Grid(columns, 7, 5, RandomSegmentations.affine(random));
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int s = 1; s <= 6; s++) {
            int x0 = random.nextInt(columns);
            Box box = new Box(x0, s % 3, s % 2, x0 + 1 + random.nextInt(columns - x0), 4 + s % 4, 3 + s % 3);
            BitMask mask = new BitMask(box);
            mask.set(box.x0(), box.y0(), box.z0());
            mask.set(box.x1() - 1, box.y1() - 1, box.z1() - 1);
            for (int i = 0; i < 300; i++) {
                mask.set(
                        box.x0() + random.nextInt(box.nx()),
                        box.y0() + random.nextInt(box.ny()),
                        box.z0() + random.nextInt(box.nz()));
            }
            segments.add(new SegmentVoxels(Segment.ofLabelValue(s), mask));
        }
        Segmentation written = new Segmentation(
                grid,
                Encoding.BINARY,
                segments,
                new Segmentation.Source("test", "1.2.826.0.1." + columns, true, List.of()));
        Segmentation read = Samples.read(RandomSegmentations.file(written, SegWriter.Options.DEFAULT));
        for (int s = 0; s < segments.size(); s++) {
            BitMask expected = (BitMask) segments.get(s).voxels();
            BitMask found = ((Mask) read.segments().get(s).voxels()).toBitMask();
            assertThat(found.count()).isEqualTo(expected.count());
            // The object holds the slices that are not empty only; its first plane is the origin of the grid that is
            // read.
            int dz = found.z0() - expected.z0();
            Box box = expected.box();
            for (int z = box.z0(); z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++) {
                    for (int x = box.x0(); x < box.x1(); x++) {
                        assertThat(found.contains(x, y, z + dz)).isEqualTo(expected.contains(x, y, z));
                    }
                }
            }
        }
    }
}
