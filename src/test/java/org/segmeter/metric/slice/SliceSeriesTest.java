package org.segmeter.metric.slice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.distance.AddedPath;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

class SliceSeriesTest {

    @Test
    void aSeriesCountsEverySliceAsTheVoxelsTell() {
        Random random = new Random(12);
        for (int i = 0; i < 1000; i++) {
            Box grid = RandomMasks.grid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            for (int axis = 0; axis < 3; axis++) {
                assertThat(SliceSeries.of(p, r, axis).slices())
                        .as("round %d of seed 12", i)
                        .isEqualTo(counted(p, r, grid, axis));
            }
        }
    }

    private static List<SliceSeries.Slice> counted(BitMask p, BitMask r, Box g, int axis) {
        int[] from = {g.x0(), g.y0(), g.z0()};
        int[] to = {g.x1(), g.y1(), g.z1()};
        List<SliceSeries.Slice> slices = new ArrayList<>();
        for (int s = from[axis]; s < to[axis]; s++) {
            long tp = 0;
            long fp = 0;
            long fn = 0;
            for (int z = g.z0(); z < g.z1(); z++) {
                for (int y = g.y0(); y < g.y1(); y++) {
                    for (int x = g.x0(); x < g.x1(); x++) {
                        if (new int[] {x, y, z}[axis] == s) {
                            boolean a = p.contains(x, y, z);
                            boolean b = r.contains(x, y, z);
                            tp += a && b ? 1 : 0;
                            fp += a && !b ? 1 : 0;
                            fn += !a && b ? 1 : 0;
                        }
                    }
                }
            }
            if (tp + fp + fn > 0) {
                slices.add(new SliceSeries.Slice(s, tp, fp, fn));
            }
        }
        return slices;
    }

    @Test
    void theWorstSliceIsTheOneOfLowestDice() {
        BitMask p = new BitMask(new Box(0, 0, 0, 8, 1, 4));
        BitMask r = new BitMask(new Box(0, 0, 0, 8, 1, 4));
        p.setRun(0, 0, 0, 4);
        r.setRun(0, 0, 0, 4);
        p.setRun(0, 1, 0, 4);
        r.setRun(0, 1, 3, 6);
        r.setRun(0, 3, 0, 1);
        SliceSeries series = SliceSeries.of(p, r, 2);
        assertThat(series.worst().orElseThrow().index()).isEqualTo(3);
        assertThat(series.slices().get(1).dice()).isCloseTo(2.0 / 7, within(1e-15));
        assertThat(series.differingFraction()).hasValue(2 / 3.0);
        BitMask empty = new BitMask(new Box(0, 0, 0, 8, 1, 4));
        assertThat(SliceSeries.of(empty, empty, 0).worst()).isEmpty();
        assertThat(SliceSeries.of(empty, empty, 1).differingFraction()).isEmpty();
    }

    @Test
    void theAddedPathIsTheReferenceContourThatThePredictionMisses() {
        Box grid = new Box(60, 0, 0, 90, 20, 4);
        BitMask p = square(grid, 62, 2, 10, 0, 3);
        BitMask same = square(grid, 62, 2, 10, 0, 3);
        Spacing s = new Spacing(0.5, 1.5, 3);
        assertThat(AddedPath.of(p, same, s, 0, CancelSignal.none())).isEqualTo(new AddedPath(0, 3 * 36, 0, 3));
        // One slice more, and all else moved by one pixel: 0.5 mm.
        BitMask moved = square(grid, 63, 2, 10, 0, 4);
        assertThat(AddedPath.of(p, moved, s, 0.5, CancelSignal.none())).isEqualTo(new AddedPath(36, 4 * 36, 1, 4));
        AddedPath strict = AddedPath.of(p, moved, s, 0.4, CancelSignal.none());
        // Of a moved square's contour the two sides across the move leave the old contour, but for one column's ends.
        assertThat(strict.lengthMm()).isEqualTo(3 * (8 + 8 + 2) + 36);
        assertThat(strict.editedFraction()).isEqualTo(1);
        // A slice that only the prediction has is an edit without a path.
        assertThat(AddedPath.of(moved, p, s, 0.5, CancelSignal.none())).isEqualTo(new AddedPath(0, 3 * 36, 1, 4));
    }

    private static BitMask square(Box grid, int x, int y, int size, int z0, int z1) {
        BitMask mask = new BitMask(grid);
        for (int z = z0; z < z1; z++) {
            for (int j = 0; j < size; j++) {
                mask.setRun(y + j, z, x, x + size);
            }
        }
        return mask;
    }
}
