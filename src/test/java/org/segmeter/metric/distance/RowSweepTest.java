package org.segmeter.metric.distance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/** Sweeping rows, searching for each query and comparing with every point give the same bits. */
class RowSweepTest {

    private static final Spacing[] SPACINGS = {
        Spacing.VOXELS, new Spacing(0.7, 0.7, 0.7), new Spacing(0.3, 0.9, 2.5), new Spacing(5, 0.78125, 0.1)
    };

    private record Point(int x, int y, int z) {}

    @Test
    void scatteredPointsAreAsFarByEitherWay() {
        Random random = new Random(20261124);
        for (int round = 0; round < 400; round++) {
            Box box = box(random, 90, 0);
            BitMask mask = new BitMask(box);
            for (int i = 1 + random.nextInt(1 << random.nextInt(9)); i > 0; i--) {
                mask.set(
                        box.x0() + random.nextInt(box.nx()),
                        box.y0() + random.nextInt(box.ny()),
                        box.z0() + random.nextInt(box.nz()));
            }
            Spacing spacing = random.nextInt(3) == 0
                    ? new Spacing(0.3 + random.nextDouble(), 0.3 + random.nextDouble(), 0.3 + 4 * random.nextDouble())
                    : SPACINGS[random.nextInt(SPACINGS.length)];
            same(mask, box(random, 40, 50), spacing, random.nextInt(4) == 0 ? 0.5 : 0, "round " + round);
        }
    }

    @Test
    void pointsAllAboutEquallyFarAreAsFarByEitherWay() {
        BitMask shell = shell(30, 12, 15);
        for (Spacing spacing : SPACINGS) {
            same(shell, new Box(9, 10, 11, 21, 22, 20), spacing, 0, "inside, " + spacing);
            same(shell(30, 0, 4), new Box(-3, 0, 2, 33, 8, 10), spacing, 0, "outside, " + spacing);
        }
    }

    private static void same(BitMask mask, Box queries, Spacing spacing, double nearer, String which) {
        PointSet set = PointSet.voxels(mask, mask.box(), false);
        List<Point> points = new ArrayList<>();
        Box box = mask.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        points.add(new Point(x, y, z));
                    }
                }
            }
        }
        NearestPoint nearest = new NearestPoint(set, queries, spacing, nearer);
        DistanceLookup search = nearest.search();
        DistanceLookup sweep = nearest.sweep(new RowSweep.Columns(set));
        for (int y = queries.y0(); y < queries.y1(); y++) {
            for (int z = queries.z0(); z < queries.z1(); z++) {
                for (int x = queries.x0(); x < queries.x1(); x += 1 + (x * 7 + y + z & 3)) {
                    long searched = Double.doubleToRawLongBits(search.squared(x, y, z));
                    long swept = Double.doubleToRawLongBits(sweep.squared(x, y, z));
                    if (searched != swept || (x + y + z) % 11 == 0) {
                        long naive = Double.doubleToRawLongBits(naive(points, x, y, z, spacing, nearer));
                        assertThat(swept)
                                .as("swept, %s, at %d %d %d", which, x, y, z)
                                .isEqualTo(naive);
                        assertThat(searched)
                                .as("searched, %s, at %d %d %d", which, x, y, z)
                                .isEqualTo(naive);
                    }
                }
            }
        }
    }

    private static double naive(List<Point> points, int x, int y, int z, Spacing s, double nearer) {
        double best = Double.POSITIVE_INFINITY;
        for (Point p : points) {
            double d = cost(y - p.y, s.y(), nearer) + cost(z - p.z, s.z(), nearer) + cost(x - p.x, s.x(), nearer);
            best = Math.min(best, d);
        }
        return best;
    }

    private static double cost(int step, double spacing, double nearer) {
        double mm = Math.max(0, Math.abs(step) - nearer) * spacing;
        return mm * mm;
    }

    private static Box box(Random random, int most, int before) {
        int x = random.nextInt(100) - before;
        int y = random.nextInt(40) - before / 2;
        int z = random.nextInt(40) - before / 2;
        return new Box(
                x,
                y,
                z,
                x + 1 + random.nextInt(most),
                y + 1 + random.nextInt(most / 3),
                z + 1 + random.nextInt(most / 3));
    }

    @Test
    void distancesBetweenABallAndTheShellAroundItAreThoseOfEveryPairOfPoints() {
        Spacing spacing = new Spacing(0.7, 0.9, 1.1);
        BitMask ball = shell(34, 0, 5);
        BitMask shell = shell(34, 14, 16);
        for (SurfaceModel model : new SurfaceModel[] {SurfaceModel.AREA_WEIGHTED, SurfaceModel.BOUNDARY_6}) {
            SurfaceDistances d = SurfaceDistances.between(ball, shell, spacing, model, CancelSignal.none());
            equal(d.predictionToReference(), ball, shell, model, spacing);
            equal(d.referenceToPrediction(), shell, ball, model, spacing);
        }
    }

    private static void equal(DistanceDistribution d, BitMask from, BitMask to, SurfaceModel model, Spacing s) {
        List<NaiveSurface.Measured> naive =
                NaiveSurface.directed(NaiveSurface.points(from, model, s), NaiveSurface.points(to, model, s), s);
        assertThat(d.count()).isEqualTo(naive.size()).isGreaterThan(200);
        assertThat(d.max()).isCloseTo(NaiveSurface.max(naive), within(1e-9));
        assertThat(d.mean()).isCloseTo(NaiveSurface.mean(naive), within(1e-9));
        assertThat(d.linearPercentile(30)).isCloseTo(NaiveSurface.linearPercentile(naive, 30), within(1e-9));
    }

    private static BitMask shell(int n, double inner, double outer) {
        BitMask mask = new BitMask(new Box(0, 0, 0, n, n, n));
        double middle = (n - 1) / 2.0;
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = 0; x < n; x++) {
                    double r = Math.sqrt(
                            (x - middle) * (x - middle) + (y - middle) * (y - middle) + (z - middle) * (z - middle));
                    if (r >= inner && r < outer) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }
}
