package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

class ChannelPassTest {

    private static final List<VoxelTerm> TERMS = List.of(
            new VoxelTerm.CrossEntropy(),
            new VoxelTerm.ClippedCrossEntropy(1e-7),
            new VoxelTerm.Focal(2),
            new VoxelTerm.Focal(0.5),
            new VoxelTerm.ContraryCrossEntropy(),
            new VoxelTerm.ClippedError(1e-7),
            new VoxelTerm.ClippedFocal(2, 1e-7),
            new VoxelTerm.SmoothedFocal(2, 1e-5),
            new VoxelTerm.LogPower(0.3),
            new VoxelTerm.Huber(0.1),
            new VoxelTerm.LogCosh());

    private static ChannelStatistics pass(Channel channel, Region region) {
        return ChannelPass.of(channel, region, TERMS, CancelSignal.none());
    }

    /** The definitions, voxel by voxel, with nothing skipped and nothing shared. */
    private static void assertSumsAreThoseOfAVoxelLoop(
            ChannelStatistics s, ProbabilityVolume p, BitMask g, Region region) {
        double tp = 0;
        double fp = 0;
        double fn = 0;
        double pp = 0;
        double l2 = 0;
        double bce = 0;
        double focal = 0;
        double huber = 0;
        double logCosh = 0;
        double slope = 0;
        long n = 0;
        long hard = 0;
        Box box = region.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (region.within() != null && !region.within().contains(x, y, z)) {
                        continue;
                    }
                    double pi = Volumes.at(p, x, y, z);
                    double gi = g.contains(x, y, z) ? 1 : 0;
                    double e = Math.abs(pi - gi);
                    double right = gi == 1 ? pi : 1 - pi;
                    n++;
                    tp += pi * gi;
                    fp += pi * (1 - gi);
                    fn += (1 - pi) * gi;
                    pp += pi * pi;
                    l2 += e * e;
                    double ce = right == 0 ? 100 : gi == 1 ? -Math.log(pi) : -Math.log1p(-pi);
                    bce += ce;
                    focal += Math.pow(e, 2) * ce;
                    huber += e <= 0.1 ? e * e / 2 : 0.1 * (e - 0.05);
                    logCosh += Math.log(Math.cosh(e));
                    slope += gi * Math.pow(pi * (1 - pi), 2);
                    hard += pi >= 0.37 && gi == 1 ? 1 : 0;
                }
            }
        }
        SoftSums sums = s.sums();
        assertThat(sums.voxels()).isEqualTo(n);
        assertThat(List.of(
                        sums.tp(),
                        sums.fp(),
                        sums.fn(),
                        sums.pp(),
                        sums.l2(),
                        sums.tp() + sums.fp() + sums.fn() + sums.tn()))
                .usingComparatorForType((a, b) -> Math.abs(a - b) < 1e-9 * (1 + Math.abs(b)) ? 0 : 1, Double.class)
                .isEqualTo(List.of(tp, fp, fn, pp, l2, (double) n));
        assertThat(s.term(new VoxelTerm.CrossEntropy()).all()).isCloseTo(bce, within(1e-9 * (1 + bce)));
        assertThat(s.term(new VoxelTerm.Focal(2)).all()).isCloseTo(focal, within(1e-9 * (1 + focal)));
        assertThat(s.term(new VoxelTerm.Huber(0.1)).all()).isCloseTo(huber, within(1e-9 * (1 + huber)));
        assertThat(s.term(new VoxelTerm.LogCosh()).all()).isCloseTo(logCosh, within(1e-9 * (1 + logCosh)));
        assertThat(s.slopes().rQ2()).isCloseTo(slope, within(1e-9));
        assertThat(s.countsAtLeast(37, 100).getFirst()).isEqualTo(hard);
        assertThat(s.cells().voxels()).isEqualTo(n);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void sumsEqualThoseOfAPlainLoopWhereverTheStoredBoxesLie(long seed) {
        Random random = new Random(seed);
        Box grid = new Box(0, 0, 0, 150, 9, 7);
        Box storedP = box(grid, random);
        Box storedG = box(grid, random);
        ProbabilityVolume p = Volumes.probabilities(storedP, random);
        BitMask g = Volumes.mask(storedG, 0.4, random);
        for (Region region : List.of(
                Region.of(grid), Region.of(box(grid, random)), new Region(grid, Volumes.mask(grid, 0.7, random)))) {
            assertSumsAreThoseOfAVoxelLoop(pass(Channel.of(p, g), region), p, g, region);
        }
    }

    private static Box box(Box grid, Random random) {
        int x = random.nextInt(100);
        int y = random.nextInt(5);
        int z = random.nextInt(4);
        return new Box(
                x,
                y,
                z,
                x + 1 + random.nextInt(grid.x1() - x),
                y + 1 + random.nextInt(grid.y1() - y),
                z + 1 + random.nextInt(grid.z1() - z));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void summingByMomentsIsSummingVoxelByVoxel(boolean mixedWords) {
        Random random = new Random(21);
        Box grid = new Box(0, 0, 0, 200, 120, 10);
        float[] values = new float[(int) grid.voxelCount()];
        for (int i = 0; i < values.length; i++) {
            // Every magnitude of p and of 1 - p, the kinks of the terms, exact edges, 0 and 1.
            float small = (float) Math.pow(10, -30 * Math.pow(random.nextDouble(), 3));
            values[i] = switch (random.nextInt(8)) {
                case 0 -> 0;
                case 1 -> 1;
                case 2 -> random.nextInt(101) / 100f;
                case 3 -> 0.1f + (random.nextInt(9) - 4) * 1e-8f;
                case 4 -> 1e-7f * (0.5f + random.nextFloat());
                case 5 -> 1 - small;
                case 6 -> random.nextFloat();
                default -> small;
            };
        }
        BitMask reference = mixedWords ? Volumes.mask(grid, 0.3, random) : slices(grid, 4);
        Channel channel = Channel.of(new ProbabilityVolume(grid, values), reference);
        assertMomentsAreSums(channel, grid, 1e-12);
    }

    /** So many voxels of few values that bins are filled over and over, in words of one side and in mixed ones. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void binsThatFillManyTimesLoseNothing(boolean mixedWords) {
        Random random = new Random(23);
        Box grid = new Box(0, 0, 0, 192, 80, 16);
        float third = 1 / 3f;
        // Ordinary bins with every position from first to last, edges of the histogram, the kinks of the terms.
        float[] few = {
            0,
            1,
            0.4f,
            Float.intBitsToFloat(0x3E00_0000),
            Float.intBitsToFloat(0x3E00_0FFF),
            0.875f,
            third,
            Math.nextDown(third),
            0.25f,
            0.5f,
            0.1f,
            1e-7f,
            1 - 1e-7f,
            0.9f,
            1e-20f,
            Float.MIN_NORMAL,
            Float.MIN_VALUE
        };
        float[] values = new float[(int) grid.voxelCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = few[random.nextInt(few.length)];
        }
        BitMask reference = mixedWords ? Volumes.mask(grid, 0.5, random) : slices(grid, 8);
        // Nothing averages out among so few values.
        assertMomentsAreSums(Channel.of(new ProbabilityVolume(grid, values), reference), grid, 1e-11);
    }

    /** The slopes that gradients are made of, which grow as the inverse of a probability and of its square. */
    @Test
    void slopesByMomentsAreThoseVoxelByVoxel() {
        Random random = new Random(24);
        Box grid = new Box(0, 0, 0, 200, 60, 6);
        float[] values = new float[(int) grid.voxelCount()];
        for (int i = 0; i < values.length; i++) {
            float small = (float) Math.pow(10, -4 * random.nextDouble());
            values[i] = switch (random.nextInt(4)) {
                case 0 -> 1 - 0.99f * small;
                case 1 -> 1e-7f * (0.5f + random.nextFloat());
                case 2 -> 0.001f + 0.998f * random.nextFloat();
                default -> 0.99f * small;
            };
        }
        Channel channel = Channel.of(new ProbabilityVolume(grid, values), Volumes.mask(grid, 0.4, random));
        List<VoxelTerm> slopes = CompoundSlopes.terms(LossSettings.defaults());
        ChannelStatistics one = ChannelPass.of(channel, Region.of(grid), slopes, CancelSignal.none(), false);
        ChannelStatistics moments = ChannelPass.of(channel, Region.of(grid), slopes, CancelSignal.none(), true);
        for (VoxelTerm slope : slopes) {
            assertThat(one.term(slope).elsewhere()).as("%s", slope).isFinite().isPositive();
            assertClose(moments.term(slope).onReference(), one.term(slope).onReference(), 1e-11);
            assertClose(moments.term(slope).elsewhere(), one.term(slope).elsewhere(), 1e-11);
        }
    }

    private static BitMask slices(Box grid, int n) {
        BitMask mask = new BitMask(grid);
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < grid.ny(); y++) {
                mask.setRun(y, z, 0, grid.nx());
            }
        }
        return mask;
    }

    private static void assertMomentsAreSums(Channel channel, Box grid, double tolerance) {
        ChannelStatistics one = ChannelPass.of(channel, Region.of(grid), TERMS, CancelSignal.none(), false);
        ChannelStatistics moments = ChannelPass.of(channel, Region.of(grid), TERMS, CancelSignal.none(), true);
        assertThat(moments.cells().count()).isEqualTo(one.cells().count());
        assertThat(moments.cells().sumG()).isEqualTo(one.cells().sumG());
        assertThat(moments.cells().sumP()).containsExactly(one.cells().sumP(), within(1e-9));
        for (VoxelTerm term : TERMS) {
            assertClose(moments.term(term).onReference(), one.term(term).onReference(), tolerance);
            assertClose(moments.term(term).elsewhere(), one.term(term).elsewhere(), tolerance);
        }
        SoftSums a = moments.sums();
        SoftSums b = one.sums();
        assertThat(a.voxels()).isEqualTo(b.voxels());
        double[] sumsA = {
            a.tp(), a.fp(), a.fn(), a.tn(), a.tp2(), a.fp2(), a.fn2(), a.tn2(), a.pp(), a.gg(), a.l1(), a.l2()
        };
        double[] sumsB = {
            b.tp(), b.fp(), b.fn(), b.tn(), b.tp2(), b.fp2(), b.fn2(), b.tn2(), b.pp(), b.gg(), b.l1(), b.l2()
        };
        for (int i = 0; i < sumsA.length; i++) {
            assertClose(sumsA[i], sumsB[i], tolerance);
        }
        assertClose(moments.slopes().rQ2(), one.slopes().rQ2(), tolerance);
        assertClose(moments.slopes().rE2Q2(), one.slopes().rE2Q2(), tolerance);
        assertClose(moments.slopes().oEQ2(), one.slopes().oEQ2(), tolerance);
        for (int k = 0; k <= 100; k++) {
            assertThat(moments.countsAtLeast(k, 100)).isEqualTo(one.countsAtLeast(k, 100));
        }
    }

    /** The worst case of the quadrature: nothing averages out when every voxel has the same place in its bin. */
    @ParameterizedTest
    @ValueSource(
            floats = {
                0.4999f, 0.25003f, 0.1f, 0.01f, 1e-6f, 1e-7f, 3e-20f, 1e-30f, 1e-42f, 0.50001f, 0.75f, 0.99f, 0.999999f
            })
    void aMapOfOneValueAndItsNeighbourIsSummedToTenDigits(float value) {
        Box grid = new Box(0, 0, 0, 192, 10, 4);
        float[] values = new float[(int) grid.voxelCount()];
        float above = Math.nextUp(value);
        for (int i = 0; i < values.length; i++) {
            // Words of one value and words in which two neighbouring floats alternate.
            values[i] = i / 64 % 2 == 0 || i % 2 == 0 ? value : above;
        }
        Channel channel = Channel.of(new ProbabilityVolume(grid, values), Volumes.mask(grid, 0.5, new Random(22)));
        ChannelStatistics one = ChannelPass.of(channel, Region.of(grid), TERMS, CancelSignal.none(), false);
        ChannelStatistics moments = ChannelPass.of(channel, Region.of(grid), TERMS, CancelSignal.none(), true);
        assertThat(moments.cells().count()).isEqualTo(one.cells().count());
        assertThat(moments.sums().voxels()).isEqualTo(one.sums().voxels());
        for (VoxelTerm term : TERMS) {
            double reference = one.term(term).onReference();
            double elsewhere = one.term(term).elsewhere();
            assertThat(moments.term(term).onReference()).as("%s", term).isCloseTo(reference, within(1e-11 * reference));
            assertThat(moments.term(term).elsewhere()).as("%s", term).isCloseTo(elsewhere, within(1e-11 * elsewhere));
        }
        assertClose(moments.sums().fp(), one.sums().fp());
        assertClose(moments.sums().tp(), one.sums().tp());
        assertClose(moments.sums().l2(), one.sums().l2());
    }

    /** To 1e-12 relative, a thousand times closer than any answer is compared. */
    private static void assertClose(double actual, double expected) {
        assertClose(actual, expected, 1e-12);
    }

    private static void assertClose(double actual, double expected, double tolerance) {
        assertThat(actual).isCloseTo(expected, within(tolerance * Math.abs(expected)));
    }

    @Test
    void aMaskIsTheProbabilityMapOfZeroAndOne() {
        Random random = new Random(11);
        Box grid = new Box(0, 0, 0, 70, 8, 5);
        BitMask p = Volumes.mask(grid, 0.3, random);
        BitMask g = Volumes.mask(grid, 0.3, random);
        float[] values = new float[(int) grid.voxelCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = p.contains(i % 70, i / 70 % 8, i / 560) ? 1 : 0;
        }
        ChannelStatistics hard = pass(Channel.of(p, g), Region.of(grid));
        ChannelStatistics soft = pass(Channel.of(new ProbabilityVolume(grid, values), g), Region.of(grid));
        assertThat(hard).isEqualTo(soft);
        long tp = p.intersectionCount(g);
        long fp = p.count() - tp;
        long fn = g.count() - tp;
        assertThat(hard.sums()).isEqualTo(SoftSums.ofCounts(tp, fp, fn, grid.voxelCount() - tp - fp - fn));
    }

    @Test
    void everyReaderOfASideGivesTheSameStatistics() {
        Random random = new Random(12);
        Box grid = new Box(0, 0, 0, 40, 9, 6);
        ProbabilityVolume p = Volumes.probabilities(new Box(3, 1, 1, 38, 8, 6), random);
        BitMask g = Volumes.mask(grid, 0.3, random);
        float[] gValues = new float[(int) grid.voxelCount()];
        for (int i = 0; i < gValues.length; i++) {
            gValues[i] = g.contains(i % 40, i / 40 % 9, i / 360) ? 1 : 0;
        }
        SoftSums words = pass(Channel.of(p, g), Region.of(grid)).sums();
        SoftSums dense = pass(
                        new Channel(
                                new Side.Probability(p), new Side.Probability(new ProbabilityVolume(grid, gValues))),
                        Region.of(grid))
                .sums();
        SoftSums background =
                pass(Channel.of(p, g).background(), Region.of(grid)).sums();
        for (RegionLoss loss : List.of(Dice.linear(1), Dice.vnet(), RegionLoss.Jaccard.smooth(1e-5))) {
            assertThat(loss.of(dense)).isCloseTo(loss.of(words), within(1e-12));
            assertThat(loss.of(background.background())).isCloseTo(loss.of(words), within(1e-12));
        }
        assertThat(RegionLoss.Dice.linear(0).of(words.background()))
                .isCloseTo(RegionLoss.Dice.linear(0).of(background), within(1e-12));
    }

    @Test
    void theBytesOfTheResultDoNotDependOnTheNumberOfThreads() throws Exception {
        Random random = new Random(13);
        Box grid = new Box(0, 0, 0, 140, 100, 80);
        Channel channel = Channel.of(Volumes.probabilities(grid, random), Volumes.mask(grid, 0.2, random));
        ChannelStatistics alone = pass(channel, Region.of(grid));
        for (int threads : new int[] {1, 2, 3, 7, 16}) {
            try (ForkJoinPool pool = new ForkJoinPool(threads)) {
                assertThat(pool.submit(() -> pass(channel, Region.of(grid))).get())
                        .isEqualTo(alone);
            }
        }
    }

    @Test
    void aLogitGivesWhatItsProbabilityGives() {
        Random random = new Random(14);
        Box grid = new Box(0, 0, 0, 33, 12, 5);
        BitMask g = Volumes.mask(grid, 0.3, random);
        float[] logits = new float[(int) grid.voxelCount()];
        float[] p = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            p[i] = random.nextFloat() * 0.998f + 0.001f;
            logits[i] = (float) Math.log(p[i] / (1.0 - p[i]));
        }
        ChannelStatistics fromLogits =
                pass(new Channel(new Side.Logit(grid, logits), new Side.Hard(g)), Region.of(grid));
        ChannelStatistics fromP = pass(Channel.of(new ProbabilityVolume(grid, p), g), Region.of(grid));
        float[] zeros = new float[logits.length];
        ChannelStatistics fromSoftmax = pass(
                new Channel(new Side.SoftmaxLogit(grid, List.of(zeros, logits), 1), new Side.Hard(g)), Region.of(grid));
        for (VoxelTerm term : TERMS) {
            assertThat(fromLogits.mean(term)).isCloseTo(fromP.mean(term), within(1e-6));
            assertThat(fromSoftmax.mean(term)).isCloseTo(fromLogits.mean(term), within(1e-12));
        }
        assertThat(Dice.linear(1).of(fromLogits.sums()))
                .isCloseTo(Dice.linear(1).of(fromP.sums()), within(1e-6));
    }

    @Test
    void logitsOfAThousandAndCertainProbabilitiesStayFinite() {
        Box grid = new Box(0, 0, 0, 4, 1, 1);
        BitMask g = new BitMask(grid);
        g.set(0, 0, 0);
        g.set(1, 0, 0);
        ChannelStatistics logits = pass(
                new Channel(new Side.Logit(grid, new float[] {1000, -1000, 1000, -1000}), new Side.Hard(g)),
                Region.of(grid));
        assertThat(logits.mean(new VoxelTerm.CrossEntropy())).isEqualTo(500);
        assertThat(logits.mean(new VoxelTerm.Focal(2))).isEqualTo(500);
        ChannelStatistics certain =
                pass(Channel.of(new ProbabilityVolume(grid, new float[] {1, 0, 1, 0}), g), Region.of(grid));
        assertThat(certain.mean(new VoxelTerm.CrossEntropy())).isEqualTo(50);
        assertThat(certain.mean(new VoxelTerm.ClippedCrossEntropy(1e-7)))
                .isCloseTo(0.5 * -Math.log(1e-7) + 0.5e-7, within(1e-12));
    }

    @Test
    void whatIsNoProbabilityIsRefused() {
        Box grid = new Box(0, 0, 0, 2, 1, 1);
        for (float bad : new float[] {-0.1f, 1.1f, Float.NaN, Float.POSITIVE_INFINITY}) {
            ProbabilityVolume p = new ProbabilityVolume(grid, new float[] {0.5f, bad});
            assertThatThrownBy(() -> pass(Channel.of(p, new BitMask(grid)), Region.of(grid)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[0, 1]");
        }
    }
}
