package org.segmeter.metric.fragility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

class FragilityTest {

    private static final int N = 100_000;

    @ParameterizedTest
    @CsvSource({
        "80, 10, 12, 0.8791208791, -0.0048039392, 0.0048570214, 0.0061250225, -0.0061927023",
        "8, 1, 1, 0.8888888889, -0.0467836257, 0.0522875817, 0.0584795322, -0.0653594771"
    })
    void oneVoxelOfEachKindChangesDiceByTheGoldenValues(
            long tp, long fp, long fn, double d, double fpMore, double fpLess, double found, double missed) {
        DiceAnatomy a = new DiceAnatomy(tp, fp, fn, N);
        assertThat(a.dice()).isCloseTo(d, within(1e-10));
        assertThat(a.byOneMoreFalsePositive()).isCloseTo(fpMore, within(1e-10));
        assertThat(a.byOneFalsePositiveRemoved()).isCloseTo(fpLess, within(1e-10));
        assertThat(a.byOneMissFound()).isCloseTo(found, within(1e-10));
        assertThat(a.byOneMoreMiss()).isCloseTo(missed, within(1e-10));
        // and they are what recounting gives
        assertThat(a.byOneMoreFalsePositive())
                .isCloseTo(new DiceAnatomy(tp, fp + 1, fn, N).dice() - a.dice(), within(1e-14));
        assertThat(a.byOneFalsePositiveRemoved())
                .isCloseTo(new DiceAnatomy(tp, fp - 1, fn, N).dice() - a.dice(), within(1e-14));
        assertThat(a.byOneMissFound())
                .isCloseTo(new DiceAnatomy(tp + 1, fp, fn - 1, N).dice() - a.dice(), within(1e-14));
        assertThat(a.byOneMoreMiss())
                .isCloseTo(new DiceAnatomy(tp - 1, fp, fn + 1, N).dice() - a.dice(), within(1e-14));
    }

    @ParameterizedTest
    @CsvSource({"5, -0.0909, 1e-4", "100, -0.0050, 5e-5", "10000, -5e-5, 1e-8"})
    void aFalsePositiveCostsAPerfectSmallObjectMost(long n, double change, double tolerance) {
        assertThat(new DiceAnatomy(n, 0, 0, N).byOneMoreFalsePositive()).isCloseTo(change, within(tolerance));
    }

    @Test
    void aMissOfAOneVoxelObjectMovesTheLossFromZeroToOne() {
        assertThat(new DiceAnatomy(1, 0, 0, N).byOneMoreMiss()).isEqualTo(-1.0);
        assertThat(new DiceAnatomy(5, 0, 0, N).byOneMoreMiss()).isCloseTo(-0.111, within(5e-4));
        BitMask one = new BitMask(new Box(0, 0, 0, 3, 3, 3));
        one.set(1, 1, 1);
        Fragility f = Fragility.of(new DiceAnatomy(1, 0, 0, N), Envelope.of(one));
        assertThat(f.smallObjectWarning()).contains("one-voxel object moves the loss from 0 to 1");
    }

    @Test
    void theLossSplitsExactlyIntoItsParts() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            DiceAnatomy a = new DiceAnatomy(random.nextInt(50), random.nextInt(50), 1 + random.nextInt(50), N);
            assertThat(a.falsePositivePart() + a.falseNegativePart()).isCloseTo(1 - a.dice(), within(1e-14));
            assertThat(a.volumePart() + a.placementPart()).isCloseTo(1 - a.dice(), within(1e-14));
            assertThat(a.dice()).isLessThanOrEqualTo(a.ceiling() + 1e-15);
        }
    }

    @ParameterizedTest
    @CsvSource({"50, 100, 0.667", "200, 100, 0.667", "80, 100, 0.889", "125, 100, 0.889"})
    void theRatioOfVolumesSetsACeiling(long predicted, long reference, double ceiling) {
        long tp = Math.min(predicted, reference);
        DiceAnatomy a = new DiceAnatomy(tp, predicted - tp, reference - tp, N);
        assertThat(a.ceiling()).isCloseTo(ceiling, within(5e-4));
        assertThat(a.dice()).isCloseTo(a.ceiling(), within(1e-14));
    }

    @Test
    void voxelsToReachATargetAreTheFewestThatSuffice() {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            long tp = random.nextInt(20);
            long fp = random.nextInt(20);
            long fn = 1 + random.nextInt(20);
            double target = 0.05 + 0.95 * random.nextDouble();
            long fewest = Long.MAX_VALUE;
            for (long found = 0; found <= fn; found++) {
                for (long removed = 0; removed <= fp; removed++) {
                    if (2.0 * (tp + found) >= target * (2.0 * (tp + found) + fn - found + fp - removed)) {
                        fewest = Math.min(fewest, found + removed);
                    }
                }
            }
            assertThat(new DiceAnatomy(tp, fp, fn, N).voxelsToReach(target)).isEqualTo(fewest);
        }
        assertThat(new DiceAnatomy(80, 10, 12, N).voxelsToReach(0.5)).isZero();
        assertThat(new DiceAnatomy(80, 10, 12, N).voxelsToReach(1)).isEqualTo(22);
    }

    @Test
    void chanceGivesDiceToo() {
        DiceAnatomy a = new DiceAnatomy(30, 20, 10, 1000);
        assertThat(a.byChance()).isCloseTo(2 * 50.0 * 40 / (1000 * 90), within(1e-15));
        assertThat(new DiceAnatomy(1000, 0, 0, 1000).byChance()).isEqualTo(1);
        assertThat(a.aboveChance()).isBetween(0.0, a.dice());
    }

    static BitMask ball(int radius) {
        int n = 2 * radius + 3;
        BitMask ball = new BitMask(new Box(0, 0, 0, n, n, n));
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = 0; x < n; x++) {
                    int c = radius + 1;
                    if ((x - c) * (x - c) + (y - c) * (y - c) + (z - c) * (z - c) <= radius * radius) {
                        ball.set(x, y, z);
                    }
                }
            }
        }
        return ball;
    }

    @ParameterizedTest
    @CsvSource({"4, 0.647, 0.734", "8, 0.832, 0.855", "16, 0.919, 0.925", "24, 0.947, 0.949"})
    void aBallErodedOrDilatedByOneVoxelHasTheGoldenDice(int radius, double eroded, double dilated) {
        Envelope e = Envelope.of(ball(radius));
        assertThat(e.diceEroded()).isCloseTo(eroded, within(5e-4));
        assertThat(e.diceDilated()).isCloseTo(dilated, within(5e-4));
    }

    @ParameterizedTest
    @CsvSource({"4, 0.704, 5e-4", "16, 0.9225, 5e-4"})
    void halfOfTheBoundaryAtRandomCostsTheGoldenValues(int radius, double dice, double tolerance) {
        assertThat(Envelope.of(ball(radius)).diceWithBoundaryNoise(0.5)).isCloseTo(dice, within(tolerance));
    }

    @Test
    void shiftedBallsFollowTheClosedForm() {
        assertThat(Envelope.shiftedBalls(3, 1)).isCloseTo(0.7523, within(5e-5));
        assertThat(Envelope.shiftedBalls(10, 1)).isCloseTo(0.925, within(5e-4));
        assertThat(Envelope.shiftedBalls(20, 1)).isCloseTo(0.9625, within(5e-4));
        assertThat(Envelope.of(ball(3)).diceShifted(0, 1)).isCloseTo(0.7642, within(5e-5));
    }

    @Test
    void theEnvelopeOfAnyMaskIsThatOfAVoxelLoop() {
        Random random = new Random(3);
        for (int trial = 0; trial < 20; trial++) {
            Box box = new Box(0, 0, 0, 60 + random.nextInt(10), 5, 4);
            BitMask m = new BitMask(box);
            for (int i = 0; i < 500; i++) {
                m.set(random.nextInt(box.nx()), random.nextInt(5), random.nextInt(4));
            }
            long eroded = 0;
            long dilated = 0;
            long shared = 0;
            for (int z = -1; z <= box.z1(); z++) {
                for (int y = -1; y <= box.y1(); y++) {
                    for (int x = -1; x <= box.x1(); x++) {
                        int around = in(m, x - 1, y, z)
                                + in(m, x + 1, y, z)
                                + in(m, x, y - 1, z)
                                + in(m, x, y + 1, z)
                                + in(m, x, y, z - 1)
                                + in(m, x, y, z + 1);
                        eroded += in(m, x, y, z) == 1 && around == 6 ? 1 : 0;
                        dilated += in(m, x, y, z) == 1 || around > 0 ? 1 : 0;
                        shared += in(m, x, y, z) == 1 && in(m, x - 1, y, z) == 1 ? 1 : 0;
                    }
                }
            }
            Envelope e = Envelope.of(m);
            assertThat(e.voxels()).isEqualTo(m.count());
            assertThat(e.eroded()).isEqualTo(eroded);
            assertThat(e.dilated()).isEqualTo(dilated);
            assertThat(e.diceShifted(0, 1)).isCloseTo(2.0 * shared / (2 * m.count()), within(1e-14));
        }
    }

    private static int in(BitMask m, int x, int y, int z) {
        return x >= 0 && y >= 0 && z >= 0 && m.contains(x, y, z) ? 1 : 0;
    }

    @Test
    void theKindTellsWhatLimitsTheValue() {
        Envelope r16 = Envelope.of(ball(16));
        long v = r16.voxels();
        assertThat(Fragility.of(new DiceAnatomy(v - 400, 400, 400, N), r16).kind())
                .isEqualTo(Fragility.Kind.NOISE_LIMITED);
        assertThat(Fragility.of(new DiceAnatomy(v / 2, 0, v - v / 2, N), r16).kind())
                .isEqualTo(Fragility.Kind.VOLUME_LIMITED);
        assertThat(Fragility.of(new DiceAnatomy(v / 2, v / 2, v - v / 2, N), r16)
                        .kind())
                .isEqualTo(Fragility.Kind.PLACEMENT_LIMITED);
        assertThat(Fragility.of(new DiceAnatomy(0, 5, v, N), r16).kind()).isEqualTo(Fragility.Kind.NO_OVERLAP);
        assertThat(Fragility.of(new DiceAnatomy(0, 5, 0, N), null).kind()).isEqualTo(Fragility.Kind.NO_REFERENCE);
        assertThat(Fragility.of(new DiceAnatomy(v / 2, 0, v - v / 2, N), r16).sentence())
                .contains("allows no Dice above 0.667");
        assertThat(Fragility.of(new DiceAnatomy(v / 2, 0, v - v / 2, N), r16).smallObjectWarning())
                .isNull();
    }

    @Test
    void poolingDrownsTheSmallCase() {
        SoftSums large = SoftSums.ofCounts(9400, 600, 100, 100_000);
        SoftSums small = SoftSums.ofCounts(10, 40, 10, 100_000);
        BatchEffect batch = BatchEffect.of(List.of(large, small), Dice.linear(0));
        assertThat(1 - batch.cases().get(0).loss()).isCloseTo(0.9641026, within(5e-8));
        assertThat(1 - batch.cases().get(1).loss()).isCloseTo(0.2857143, within(5e-8));
        assertThat(1 - batch.meanOfCases()).isCloseTo(0.6249084, within(5e-8));
        assertThat(1 - batch.pooled()).isCloseTo(0.9616760, within(5e-8));
        assertThat(batch.cases().get(0).weight() + batch.cases().get(1).weight())
                .isCloseTo(1, within(1e-14));
        assertThat(batch.cases().get(0).pooledWithout())
                .isCloseTo(batch.cases().get(1).loss(), within(1e-14));
    }
}
