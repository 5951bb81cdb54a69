package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.distance.NaiveSurface.Measured;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

class SurfaceDistancesTest {

    private static final int ROUNDS = 500;

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"TRIANGLE_MESH", "VOXEL_FACES"})
    void agreeWithTheDefinitionOnSmallRandomMasks(SurfaceModel model) {
        long seed = 20260101L + model.ordinal();
        Random random = new Random(seed);
        int measured = 0;
        while (measured < ROUNDS) {
            Box grid = RandomMasks.grid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            Spacing s = new Spacing(spacing(random), spacing(random), spacing(random));
            if (p.isEmpty() || r.isEmpty()) {
                continue;
            }
            measured++;
            assertAgrees(p, r, s, model, "seed " + seed + ", round " + measured);
        }
    }

    private static double spacing(Random random) {
        double[] usual = {1, 1, 0.7, 0.9, 2.5, 5, 0.3};
        return random.nextBoolean() ? usual[random.nextInt(usual.length)] : 0.1 + 5 * random.nextDouble();
    }

    private static void assertAgrees(BitMask p, BitMask r, Spacing s, SurfaceModel model, String which) {
        SurfaceDistances ours = between(p, r, s, model);
        List<NaiveSurface.Point> pp = NaiveSurface.points(p, model, s);
        List<NaiveSurface.Point> rr = NaiveSurface.points(r, model, s);
        boolean region = model == SurfaceModel.BOUNDARY_6_TO_REGION;
        List<Measured> a = NaiveSurface.directed(pp, region ? NaiveSurface.points(r, SurfaceModel.REGION, s) : rr, s);
        List<Measured> b = NaiveSurface.directed(rr, region ? NaiveSurface.points(p, SurfaceModel.REGION, s) : pp, s);
        same(ours.predictionToReference().count(), a.size(), which);
        same(ours.predictionToReference().weight(), NaiveSurface.weight(a), which);
        same(ours.hausdorff(), Math.max(NaiveSurface.max(a), NaiveSurface.max(b)), which);
        same(ours.predictionToReference().mean(), NaiveSurface.mean(a), which);
        same(ours.referenceToPrediction().mean(), NaiveSurface.mean(b), which);
        same(ours.masd(), (NaiveSurface.mean(a) + NaiveSurface.mean(b)) / 2, which);
        List<Measured> both = new ArrayList<>(a);
        both.addAll(b);
        both.sort((m, n) -> Double.compare(m.distance(), n.distance()));
        same(ours.assd(), NaiveSurface.mean(both), which);
        same(ours.median(), NaiveSurface.stepPercentile(both, 50), which);
        double squares = both.stream()
                .mapToDouble(m -> m.weight() * m.distance() * m.distance())
                .sum();
        same(ours.rms(), Math.sqrt(squares / NaiveSurface.weight(both)), which);
        for (double tau : new double[] {0, 0.5, 1, 2.1}) {
            same(ours.nsd(tau), NaiveSurface.within(both, tau) / NaiveSurface.weight(both), which);
            same(
                    ours.nsdMeanOfSides(tau),
                    (NaiveSurface.within(a, tau) / NaiveSurface.weight(a)
                                    + NaiveSurface.within(b, tau) / NaiveSurface.weight(b))
                            / 2,
                    which);
        }
        for (double percent : new double[] {50, 95, 99, 100}) {
            same(
                    ours.percentile(percent, PercentileRule.AREA_STEP_LARGER),
                    Math.max(NaiveSurface.stepPercentile(a, percent), NaiveSurface.stepPercentile(b, percent)),
                    which);
            double la = NaiveSurface.linearPercentile(a, percent);
            double lb = NaiveSurface.linearPercentile(b, percent);
            same(ours.percentile(percent, PercentileRule.LINEAR_LARGER), Math.max(la, lb), which);
            same(ours.percentile(percent, PercentileRule.LINEAR_MEAN), (la + lb) / 2, which);
            same(
                    ours.percentile(percent, PercentileRule.LINEAR_POOLED),
                    NaiveSurface.linearPercentile(both, percent),
                    which);
        }
    }

    private static void same(double ours, double naive, String which) {
        assertThat(ours).as(which).isCloseTo(naive, within(1e-9 * Math.max(1, Math.abs(naive))));
    }

    private static SurfaceDistances between(BitMask p, BitMask r, Spacing s, SurfaceModel model) {
        return SurfaceDistances.between(p, r, s, model, CancelSignal.none());
    }

    @Test
    void swappingTheSidesSwapsTheDirectionsAndChangesNoSymmetricNumber() {
        Random random = new Random(7);
        for (int i = 0; i < 200; i++) {
            Box grid = RandomMasks.grid(random);
            BitMask p = RandomMasks.next(random, grid);
            BitMask r = RandomMasks.next(random, grid);
            if (p.isEmpty() || r.isEmpty()) {
                continue;
            }
            Spacing s = new Spacing(0.8, 1.3, 2.5);
            SurfaceDistances there = between(p, r, s, SurfaceModel.AREA_WEIGHTED);
            SurfaceDistances back = between(r, p, s, SurfaceModel.AREA_WEIGHTED);
            assertThat(back.referenceToPrediction().distances())
                    .isEqualTo(there.predictionToReference().distances());
            assertThat(back.hausdorff()).isEqualTo(there.hausdorff());
            assertThat(back.masd()).isEqualTo(there.masd());
            assertThat(back.nsd(1)).isEqualTo(there.nsd(1));
        }
    }

    @Test
    void movingBothMasksChangesNoBit() {
        BitMask p = scattered(new Random(3), 0, 0, 0);
        BitMask r = scattered(new Random(4), 0, 0, 0);
        Spacing s = new Spacing(0.7, 0.7, 3);
        for (SurfaceModel model : SurfaceModel.values()) {
            SurfaceDistances here = between(p, r, s, model);
            for (int[] move : new int[][] {{1, 0, 0}, {63, 2, 1}, {64, 0, 5}, {130, 7, 0}}) {
                SurfaceDistances there = between(
                        scattered(new Random(3), move[0], move[1], move[2]),
                        scattered(new Random(4), move[0], move[1], move[2]),
                        s,
                        model);
                assertSameBits(here, there);
            }
        }
    }

    @Test
    void farPointsAreMeasuredThroughTheTreeAsExactlyAsNearOnes() {
        Random random = new Random(11);
        for (int i = 0; i < 20; i++) {
            Box grid = new Box(0, 0, 0, 150, 100, 75);
            BitMask p = new BitMask(grid);
            BitMask r = new BitMask(grid);
            for (int n = 0; n < 40; n++) {
                p.set(random.nextInt(150), random.nextInt(100), random.nextInt(75));
                r.set(random.nextInt(150), random.nextInt(100), random.nextInt(75));
            }
            Spacing s = new Spacing(spacing(random), spacing(random), spacing(random));
            assertAgrees(p, r, s, SurfaceModel.BOUNDARY_6, "round " + i + " of seed 11");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 16})
    void theResultHasTheSameBitsForAnyNumberOfThreads(int threads) throws Exception {
        BitMask p = scattered(new Random(5), 0, 0, 0);
        BitMask r = scattered(new Random(6), 0, 0, 0);
        Spacing s = new Spacing(0.7, 0.9, 2.5);
        SurfaceDistances expected = between(p, r, s, SurfaceModel.AREA_WEIGHTED);
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            SurfaceDistances got = pool.submit(() -> between(p, r, s, SurfaceModel.AREA_WEIGHTED))
                    .get();
            assertSameBits(expected, got);
        }
    }

    private static BitMask scattered(Random random, int dx, int dy, int dz) {
        BitMask mask = new BitMask(new Box(dx, dy, dz, dx + 150, dy + 90, dz + 70));
        for (int n = 0; n < 30; n++) {
            int x = random.nextInt(140);
            int y = random.nextInt(80);
            int z = random.nextInt(60);
            int size = 1 + random.nextInt(10);
            for (int k = 0; k < size; k++) {
                for (int j = 0; j < size; j++) {
                    mask.setRun(dy + y + j, dz + z + k, dx + x, dx + x + size);
                }
            }
        }
        return mask;
    }

    private static void assertSameBits(SurfaceDistances a, SurfaceDistances b) {
        for (List<DistanceDistribution> pair : List.of(
                Arrays.asList(a.predictionToReference(), b.predictionToReference()),
                Arrays.asList(a.referenceToPrediction(), b.referenceToPrediction()))) {
            assertThat(pair.get(1).distances()).isEqualTo(pair.get(0).distances());
            assertThat(pair.get(1).weights()).isEqualTo(pair.get(0).weights());
            assertThat(pair.get(1).counts()).isEqualTo(pair.get(0).counts());
        }
        assertThat(b.assd()).isEqualTo(a.assd());
        assertThat(b.percentile(95, PercentileRule.AREA_STEP_LARGER))
                .isEqualTo(a.percentile(95, PercentileRule.AREA_STEP_LARGER));
    }

    @Test
    void aMaskThatFillsTheVolumeHasAClosedSurfaceAtItsBorder() {
        BitMask full = new BitMask(new Box(0, 0, 0, 64, 5, 4));
        for (int z = 0; z < 4; z++) {
            for (int y = 0; y < 5; y++) {
                full.setRun(y, z, 0, 64);
            }
        }
        BitMask middle = new BitMask(new Box(0, 0, 0, 64, 5, 4));
        middle.set(32, 2, 2);
        SurfaceDistances d = between(full, middle, new Spacing(1, 1, 1), SurfaceModel.BOUNDARY_6);
        assertThat(d.predictionToReference().count()).isEqualTo(64 * 5 * 4 - 62 * 3 * 2);
        assertThat(d.hausdorff()).isEqualTo(Math.sqrt(32 * 32 + 4 + 4));
    }

    @Test
    void distancesExistOnlyBetweenMasksThatBothHaveVoxels() {
        BitMask empty = new BitMask(new Box(0, 0, 0, 4, 4, 4));
        BitMask one = new BitMask(new Box(0, 0, 0, 4, 4, 4));
        one.set(1, 1, 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> between(one, empty, Spacing.VOXELS, SurfaceModel.REGION))
                .withMessageContaining("the reference has none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> between(empty, one, Spacing.VOXELS, SurfaceModel.REGION))
                .withMessageContaining("the prediction has none");
    }

    @Test
    void measuringStopsWhenTold() {
        BitMask one = new BitMask(new Box(0, 0, 0, 4, 4, 4));
        one.set(1, 1, 1);
        CancelSignal cancel = new CancelSignal();
        cancel.cancel();
        org.assertj.core.api.Assertions.assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(
                        () -> SurfaceDistances.between(one, one, Spacing.VOXELS, SurfaceModel.AREA_WEIGHTED, cancel));
    }

    @Test
    void theBoundaryIouInMmTakesTheVoxelsWhoseCentreIsNearTheOutside() {
        BitMask cube = new BitMask(new Box(0, 0, 0, 20, 20, 20));
        BitMask moved = new BitMask(new Box(0, 0, 0, 20, 20, 20));
        for (int z = 5; z < 15; z++) {
            for (int y = 5; y < 15; y++) {
                cube.setRun(y, z, 5, 15);
                moved.setRun(y, z, 6, 16);
            }
        }
        Spacing s = new Spacing(2, 2, 2);
        // Centres of the outer layer lie 1 mm from the outside, those of the second 3 mm.
        long shell = 1000 - 512;
        assertThat(BoundaryIou.inMm(cube, cube, s, 2.9, CancelSignal.none())).isEqualTo(1);
        assertThat(BoundaryIou.inMm(cube, cube, s, 0.9, CancelSignal.none())).isZero();
        long shared = shared(cube, moved, 1);
        assertThat(BoundaryIou.inMm(cube, moved, s, 2.9, CancelSignal.none()))
                .isEqualTo((double) shared / (2 * shell - shared));
        assertThat(BoundaryIou.inMm(cube, moved, s, 100, CancelSignal.none())).isEqualTo(900.0 / 1100);
    }

    private static long shared(BitMask a, BitMask b, int layers) {
        long n = 0;
        for (int z = 0; z < 20; z++) {
            for (int y = 0; y < 20; y++) {
                for (int x = 0; x < 20; x++) {
                    n += outer(a, x, y, z, layers) && outer(b, x, y, z, layers) ? 1 : 0;
                }
            }
        }
        return n;
    }

    private static boolean outer(BitMask m, int x, int y, int z, int layers) {
        return m.contains(x, y, z)
                && !(m.contains(x - layers, y, z)
                        && m.contains(x + layers, y, z)
                        && m.contains(x, y - layers, z)
                        && m.contains(x, y + layers, z)
                        && m.contains(x, y, z - layers)
                        && m.contains(x, y, z + layers));
    }
}
