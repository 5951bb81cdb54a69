package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.segmeter.metric.RandomMasks;
import org.segmeter.metric.Rounds;
import org.segmeter.metric.distance.NaiveSurface.Measured;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Every distance metric of every surface model against its definition, written down directly, on ten thousand tiny pairs of masks. */
class DistanceTwinTest {

    private static final long SEED = 20261125L;

    /** A pair of masks that both have voxels, on a lattice of any spacing. */
    private record Pair(Box grid, BitMask prediction, BitMask reference, Spacing spacing, String which) {

        static Pair next(Random random, int most, String which) {
            while (true) {
                Box grid = RandomMasks.tinyGrid(random, most);
                BitMask p = RandomMasks.next(random, grid);
                BitMask r = RandomMasks.next(random, grid);
                Spacing s = new Spacing(step(random), step(random), step(random));
                if (!p.isEmpty() && !r.isEmpty()) {
                    return new Pair(grid, p, r, s, which);
                }
            }
        }

        /** Often equal and decimal, so that distances tie and meet tolerances. */
        private static double step(Random random) {
            double[] usual = {1, 1, 1, 0.7, 0.3, 2.5, 5};
            return random.nextBoolean() ? usual[random.nextInt(usual.length)] : 0.3 + 4.7 * random.nextDouble();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyNumberAgreesWithItsDefinition(SurfaceModel model) {
        long seed = SEED + model.ordinal();
        // Triangle by triangle costs most.
        int most = model.isMesh() ? 4 : 6;
        Rounds.each(seed, (random, which) -> {
            Pair pair = Pair.next(random, most, which);
            SurfaceDistances d =
                    SurfaceDistances.between(pair.prediction, pair.reference, pair.spacing, model, CancelSignal.none());
            List<Measured> a = directed(pair.prediction, pair.reference, pair.spacing, model);
            List<Measured> b = directed(pair.reference, pair.prediction, pair.spacing, model);
            compare(d, a, b, pair.which);
        });
        System.out.println(model + ": " + Rounds.COUNT + " pairs agree with the definition, seed " + seed);
    }

    private static List<Measured> directed(BitMask from, BitMask to, Spacing s, SurfaceModel model) {
        return switch (model) {
            case TRIANGLE_MESH, VOXEL_FACES -> NaiveMesh.directed(from, to, s, model == SurfaceModel.TRIANGLE_MESH);
            case BOUNDARY_6_TO_REGION ->
                NaiveSurface.directed(
                        NaiveSurface.points(from, model, s), NaiveSurface.points(to, SurfaceModel.REGION, s), s);
            default -> NaiveSurface.directed(NaiveSurface.points(from, model, s), NaiveSurface.points(to, model, s), s);
        };
    }

    private static void compare(SurfaceDistances d, List<Measured> a, List<Measured> b, String which) {
        List<Measured> both = new ArrayList<>(a);
        both.addAll(b);
        both.sort(Comparator.comparingDouble(Measured::distance));
        same(d.predictionToReference().count(), a.size(), which);
        same(d.referenceToPrediction().count(), b.size(), which);
        same(d.predictionToReference().weight(), NaiveSurface.weight(a), which);
        same(d.predictionToReference().max(), NaiveSurface.max(a), which);
        same(d.hausdorff(), Math.max(NaiveSurface.max(a), NaiveSurface.max(b)), which);
        same(d.predictionToReference().mean(), NaiveSurface.mean(a), which);
        same(d.referenceToPrediction().mean(), NaiveSurface.mean(b), which);
        same(d.masd(), (NaiveSurface.mean(a) + NaiveSurface.mean(b)) / 2, which);
        same(d.assd(), NaiveSurface.mean(both), which);
        same(d.rms(), Math.sqrt(moment(both, 0)), which);
        same(
                d.predictionToReference().standardDeviation(),
                Math.sqrt(Math.max(0, moment(a, NaiveSurface.mean(a)))),
                which);
        step(d.median(), both, 50, which);
        for (double tau : new double[] {0, 0.7, 1, 2.5}) {
            // A distance within rounding of the tolerance may fall on either side.
            double low = tau * (1 - 1e-9) - 1e-9;
            double high = tau * (1 + 1e-8) + 1e-9;
            between(
                    d.nsd(tau),
                    (within(a, low) + within(b, low)) / (NaiveSurface.weight(a) + NaiveSurface.weight(b)),
                    (within(a, high) + within(b, high)) / (NaiveSurface.weight(a) + NaiveSurface.weight(b)),
                    which);
            between(
                    d.predictionToReference().fractionWithin(tau),
                    within(a, low) / NaiveSurface.weight(a),
                    within(a, high) / NaiveSurface.weight(a),
                    which);
            between(
                    d.nsdMeanOfSides(tau),
                    (within(a, low) / NaiveSurface.weight(a) + within(b, low) / NaiveSurface.weight(b)) / 2,
                    (within(a, high) / NaiveSurface.weight(a) + within(b, high) / NaiveSurface.weight(b)) / 2,
                    which);
        }
        for (double percent : new double[] {12.5, 50, 95, 100}) {
            step(d.predictionToReference().weightedPercentile(percent), a, percent, which);
            same(
                    d.percentile(percent, PercentileRule.AREA_STEP_LARGER),
                    Math.max(
                            d.predictionToReference().weightedPercentile(percent),
                            d.referenceToPrediction().weightedPercentile(percent)),
                    which);
            double la = NaiveSurface.linearPercentile(a, percent);
            double lb = NaiveSurface.linearPercentile(b, percent);
            same(d.percentile(percent, PercentileRule.LINEAR_LARGER), Math.max(la, lb), which);
            same(d.percentile(percent, PercentileRule.LINEAR_MEAN), (la + lb) / 2, which);
            same(
                    d.percentile(percent, PercentileRule.LINEAR_POOLED),
                    NaiveSurface.linearPercentile(both, percent),
                    which);
            same(d.percentile(percent, PercentileRule.RANK_MEAN), (rank(a, percent) + rank(b, percent)) / 2, which);
        }
    }

    private static double moment(List<Measured> d, double about) {
        return d.stream()
                        .mapToDouble(m -> m.weight() * (m.distance() - about) * (m.distance() - about))
                        .sum()
                / NaiveSurface.weight(d);
    }

    private static double within(List<Measured> d, double tolerance) {
        return d.stream()
                .filter(m -> m.distance() <= tolerance)
                .mapToDouble(Measured::weight)
                .sum();
    }

    private static double rank(List<Measured> d, double percent) {
        return d.get(Math.max((int) (percent / 100 * d.size()), 1) - 1).distance();
    }

    /** The smallest distance within which the share lies; where a share is met but for rounding, either neighbour will do. */
    private static void step(double found, List<Measured> d, double percent, String which) {
        double wanted = NaiveSurface.weight(d) * percent / 100;
        double rounding = 1e-9 * NaiveSurface.weight(d);
        assertThat(within(d, found + 1e-9)).as(which).isGreaterThanOrEqualTo(wanted - rounding);
        assertThat(within(d, found - 1e-9)).as(which).isLessThanOrEqualTo(wanted + rounding);
    }

    private static void between(double found, double low, double high, String which) {
        assertThat(found).as(which).isBetween(low - 1e-9, high + 1e-9);
    }

    private static void same(double ours, double naive, String which) {
        if (Math.abs(ours - naive) > 1e-9 * Math.max(1, Math.abs(naive)) && Math.abs(ours - naive) > 1e-8) {
            assertThat(ours).as(which).isEqualTo(naive);
        }
    }

    /** Slice by slice: pixels with one of four neighbours outside, and how far the nearest such pixel of the prediction is. */
    @Test
    void theAddedPathIsThatOfTheListOfContourPixels() {
        Rounds.each(SEED + 200, (random, which) -> {
            Pair pair = Pair.next(random, 6, which);
            double tolerance = random.nextInt(4) * 0.7;
            double added = 0;
            double contour = 0;
            int edited = 0;
            int used = 0;
            for (int z = pair.grid.z0(); z < pair.grid.z1(); z++) {
                List<int[]> p = contour(pair.prediction, pair.grid, z);
                List<int[]> r = contour(pair.reference, pair.grid, z);
                int far = 0;
                for (int[] pixel : r) {
                    double nearest = Double.POSITIVE_INFINITY;
                    for (int[] other : p) {
                        nearest = Math.min(
                                nearest,
                                Math.hypot(
                                        (pixel[0] - other[0]) * pair.spacing.x(),
                                        (pixel[1] - other[1]) * pair.spacing.y()));
                    }
                    far += nearest > tolerance * (1 + 1e-9) ? 1 : 0;
                }
                added += far;
                contour += r.size();
                edited += far > 0 || p.isEmpty() != r.isEmpty() ? 1 : 0;
                used += p.isEmpty() && r.isEmpty() ? 0 : 1;
            }
            double pixel = (pair.spacing.x() + pair.spacing.y()) / 2;
            AddedPath path =
                    AddedPath.of(pair.prediction, pair.reference, pair.spacing, tolerance, CancelSignal.none());
            same(path.lengthMm(), added * pixel, which);
            same(path.contourMm(), contour * pixel, which);
            assertThat(path.editedSlices()).as(which).isEqualTo(edited);
            assertThat(path.slices()).as(which).isEqualTo(used);
        });
    }

    private static List<int[]> contour(BitMask m, Box grid, int z) {
        List<int[]> pixels = new ArrayList<>();
        for (int y = grid.y0(); y < grid.y1(); y++) {
            for (int x = grid.x0(); x < grid.x1(); x++) {
                boolean inner = m.contains(x - 1, y, z)
                        && m.contains(x + 1, y, z)
                        && m.contains(x, y - 1, z)
                        && m.contains(x, y + 1, z);
                if (m.contains(x, y, z) && !inner) {
                    pixels.add(new int[] {x, y});
                }
            }
        }
        return pixels;
    }

    @Test
    void theBoundaryIouInMmAndInVoxelsIsThatOfTheListOfVoxels() {
        Rounds.each(SEED + 100, (random, which) -> {
            Pair pair = Pair.next(random, 6, which);
            double width = 0.2 + 4 * random.nextDouble();
            assertThat(BoundaryIou.inMm(pair.prediction, pair.reference, pair.spacing, width, CancelSignal.none()))
                    .as(pair.which)
                    .isEqualTo(iou(
                            pair.grid,
                            nearOutside(pair.prediction, pair.grid, pair.spacing, width),
                            nearOutside(pair.reference, pair.grid, pair.spacing, width)));
            double steps = 1 + random.nextInt(3);
            assertThat(BoundaryIou.inVoxels(pair.prediction, pair.reference, steps, CancelSignal.none()))
                    .as(pair.which)
                    .isEqualTo(iou(
                            pair.grid,
                            nearBoundary(pair.prediction, pair.grid, steps),
                            nearBoundary(pair.reference, pair.grid, steps)));
        });
    }

    /** Voxels whose centre lies less than a width from a voxel outside, which is a box around its centre. */
    private static boolean[] nearOutside(BitMask m, Box grid, Spacing s, double width) {
        List<int[]> outside =
                lattice(grid.x0() - 1, grid.y0() - 1, grid.z0() - 1, grid.x1() + 1, grid.y1() + 1, grid.z1() + 1)
                        .stream()
                        .filter(v -> !m.contains(v[0], v[1], v[2]))
                        .toList();
        return chosen(
                grid,
                v -> m.contains(v[0], v[1], v[2])
                        && outside.stream()
                                .anyMatch(o -> Math.sqrt(square(Math.max(0, Math.abs(v[0] - o[0]) - 0.5) * s.x())
                                                + square(Math.max(0, Math.abs(v[1] - o[1]) - 0.5) * s.y())
                                                + square(Math.max(0, Math.abs(v[2] - o[2]) - 0.5) * s.z()))
                                        < width));
    }

    /** Voxels whose centre lies less than a number of voxels from one with a face neighbour outside. */
    private static boolean[] nearBoundary(BitMask m, Box grid, double steps) {
        List<NaiveSurface.Point> boundary = NaiveSurface.points(m, SurfaceModel.BOUNDARY_6, Spacing.VOXELS);
        return chosen(
                grid,
                v -> m.contains(v[0], v[1], v[2])
                        && boundary.stream()
                                .anyMatch(b ->
                                        Math.sqrt(square(v[0] - b.x()) + square(v[1] - b.y()) + square(v[2] - b.z()))
                                                < steps));
    }

    private static double square(double v) {
        return v * v;
    }

    private static boolean[] chosen(Box grid, java.util.function.Predicate<int[]> rule) {
        List<int[]> all = lattice(grid.x0(), grid.y0(), grid.z0(), grid.x1(), grid.y1(), grid.z1());
        boolean[] in = new boolean[all.size()];
        for (int i = 0; i < in.length; i++) {
            in[i] = rule.test(all.get(i));
        }
        return in;
    }

    private static List<int[]> lattice(int x0, int y0, int z0, int x1, int y1, int z1) {
        List<int[]> all = new ArrayList<>();
        for (int z = z0; z < z1; z++) {
            for (int y = y0; y < y1; y++) {
                for (int x = x0; x < x1; x++) {
                    all.add(new int[] {x, y, z});
                }
            }
        }
        return all;
    }

    private static double iou(Box grid, boolean[] p, boolean[] r) {
        assertThat(p).hasSize((int) grid.voxelCount());
        double both = 0;
        double any = 0;
        for (int i = 0; i < p.length; i++) {
            both += p[i] && r[i] ? 1 : 0;
            any += p[i] || r[i] ? 1 : 0;
        }
        return any == 0 ? 0 : both / any;
    }

    @Test
    void meshesOfScatteredMasksAreMeasuredThroughTheTreeAsExactlyAsByEveryTriangle() {
        Random random = new Random(SEED + 300);
        for (int round = 0; round < 20; round++) {
            BitMask p = scattered(random);
            BitMask r = scattered(random);
            Spacing s = new Spacing(0.7, 0.9, 2.5);
            SurfaceDistances d = SurfaceDistances.between(p, r, s, SurfaceModel.TRIANGLE_MESH, CancelSignal.none());
            compare(
                    d,
                    NaiveMesh.directed(p, r, s, true),
                    NaiveMesh.directed(r, p, s, true),
                    "seed " + (SEED + 300) + ", round " + round);
        }
    }

    private static BitMask scattered(Random random) {
        BitMask m = new BitMask(new Box(0, 0, 0, 90, 40, 30));
        for (int i = 0; i < 25; i++) {
            m.set(random.nextInt(90), random.nextInt(40), random.nextInt(30));
        }
        return m;
    }

    /** Near points are found a word of columns at a time, far ones one by one or by rows. */
    @ParameterizedTest
    @EnumSource(names = {"AREA_WEIGHTED", "BOUNDARY_6", "BOUNDARY_6_TO_REGION"})
    void bodiesOfAnyWidthAreMeasuredAsExactlyNearAsFar(SurfaceModel model) {
        long seed = SEED + 400 + model.ordinal();
        Random random = new Random(seed);
        for (int round = 0; round < 14; round++) {
            int width = 20 + random.nextInt(round % 2 == 0 ? 24 : 140);
            int x0 = round % 4 == 0 ? 64 : random.nextInt(70);
            Box grid = new Box(x0, 3, 2, x0 + width, 33, 26);
            BitMask p = new BitMask(grid);
            BitMask r = new BitMask(grid);
            for (int body = 0; body < 2; body++) {
                int x = x0 + random.nextInt(width);
                int y = 3 + random.nextInt(30);
                int z = 2 + random.nextInt(24);
                int radius = 2 + random.nextInt(7);
                ball(p, grid, x, y, z, radius);
                int off = random.nextInt(3) == 0 ? random.nextInt(25) : random.nextInt(3);
                ball(r, grid, Math.min(x + off, grid.x1() - 1), y, z, Math.max(1, radius + random.nextInt(3) - 1));
            }
            Spacing s = new Spacing(Pair.step(random), Pair.step(random), Pair.step(random));
            SurfaceDistances d = SurfaceDistances.between(p, r, s, model, CancelSignal.none());
            compare(d, directed(p, r, s, model), directed(r, p, s, model), "seed " + seed + ", round " + round);
        }
    }

    private static void ball(BitMask mask, Box grid, int cx, int cy, int cz, int radius) {
        for (int z = Math.max(grid.z0(), cz - radius); z < Math.min(grid.z1(), cz + radius + 1); z++) {
            for (int y = Math.max(grid.y0(), cy - radius); y < Math.min(grid.y1(), cy + radius + 1); y++) {
                for (int x = Math.max(grid.x0(), cx - radius); x < Math.min(grid.x1(), cx + radius + 1); x++) {
                    if (square(x - cx) + square(y - cy) + square(z - cz) <= square(radius)) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
    }
}
