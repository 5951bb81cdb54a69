package org.segmeter.metric.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.Connectivity;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

class BratsLesionsTest {

    private static final Box GRID = new Box(0, 0, 0, 70, 12, 12);
    private static final Spacing MM = new Spacing(1, 1, 1);

    @Test
    void missedLesionsAndFalsePositivesCountZeroAndThePenalty() {
        BratsLesions scores = new BratsLesions(
                List.of(
                        new BratsLesions.Lesion(100, 1, 0.9, 2, null),
                        new BratsLesions.Lesion(80, 2, 0.8, 3, null),
                        new BratsLesions.Lesion(60, 0, 0, 374, null)),
                1,
                374);
        assertThat(scores.dice()).isCloseTo(0.425, within(1e-12));
        assertThat(scores.hd95()).isCloseTo(188.25, within(1e-12));
        assertThat(scores.truePositives()).isEqualTo(2);
        assertThat(scores.falseNegatives()).isEqualTo(1);
    }

    @Test
    void piecesThatMergeWhenGrownAreOneLesion() {
        BitMask reference = cube(cube(new BitMask(GRID), 2, 4), 9, 4);
        BitMask prediction = cube(new BitMask(GRID), 2, 4);
        BratsLesions apart = score(prediction, reference, new BratsLesions.Rules(1, 0, 374));
        assertThat(apart.lesions()).hasSize(2);
        assertThat(apart.falseNegatives()).isEqualTo(1);
        assertThat(apart.dice()).isEqualTo(0.5);
        BratsLesions merged = score(prediction, reference, new BratsLesions.Rules(3, 0, 374));
        assertThat(merged.lesions()).hasSize(1);
        assertThat(merged.falseNegatives()).isZero();
        assertThat(merged.dice()).isCloseTo(2 * 64 / 192.0, within(1e-12));
    }

    @Test
    void aSmallLesionIsNotScoredButWhatTouchesItIsNoFalsePositive() {
        BitMask reference = cube(cube(new BitMask(GRID), 2, 4), 60, 2);
        BratsLesions scores = score(reference, reference, new BratsLesions.Rules(1, 8, 374));
        assertThat(scores.lesions()).hasSize(1);
        assertThat(scores.falsePositives()).isZero();
        assertThat(scores.dice()).isEqualTo(1);
        assertThat(scores.hd95()).isZero();
        BitMask none = new BitMask(GRID);
        assertThat(score(none, none, BratsLesions.Rules.GLI).dice()).isEqualTo(1);
        assertThat(score(reference, none, BratsLesions.Rules.GLI).hd95()).isEqualTo(374);
        assertThat(score(none, reference, BratsLesions.Rules.GLI).dice()).isZero();
    }

    @Test
    void growingStaysInsideTheGridAndCrossesWords() {
        BitMask corner = new BitMask(GRID);
        corner.set(63, 0, 0);
        corner.set(69, 11, 11);
        for (Connectivity c : Connectivity.values()) {
            BitMask grown = Dilation.of(corner, c, 1, GRID);
            long expected = 0;
            for (int z = 0; z < 12; z++) {
                for (int y = 0; y < 12; y++) {
                    for (int x = 0; x < 70; x++) {
                        boolean near = at(x - 63, y, z, c) || at(x - 69, y - 11, z - 11, c);
                        assertThat(grown.contains(x, y, z)).isEqualTo(near);
                        expected += near ? 1 : 0;
                    }
                }
            }
            assertThat(grown.count()).isEqualTo(expected);
        }
    }

    private static boolean at(int dx, int dy, int dz, Connectivity c) {
        return Math.max(Math.abs(dx), Math.max(Math.abs(dy), Math.abs(dz))) <= 1
                && (dx == 0 && dy == 0 && dz == 0 || c.joins(dx, dy, dz));
    }

    private static BratsLesions score(BitMask p, BitMask r, BratsLesions.Rules rules) {
        return BratsLesions.of(p, r, GRID, MM, 1, rules, CancelSignal.none());
    }

    private static BitMask cube(BitMask mask, int x, int size) {
        for (int z = 0; z < size; z++) {
            for (int y = 0; y < size; y++) {
                mask.setRun(3 + y, 3 + z, x, x + size);
            }
        }
        return mask;
    }
}
