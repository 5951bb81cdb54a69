package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** Pairs of bodies whose surface distances are known, and their voxels on any grid. */
final class ClosedForms {

    /** A body in mm: whether a point belongs to it. */
    @FunctionalInterface
    interface Body {
        boolean holds(double x, double y, double z);
    }

    /**
     * @param round true if turning both about the origin changes nothing
     * @param halfMm a cube of this half edge around the origin holds both bodies
     * @param truth the distances between the two surfaces
     * @param toleranceMm for NSD, between the distances that occur, so that a closed form exists
     */
    record Shape(
            Body prediction, Body reference, boolean round, double halfMm, SurfaceDistances truth, double toleranceMm) {

        /** How a grid may lie that makes a difference. */
        List<Lie> lies() {
            return round ? List.of(Lie.ALIGNED) : List.of(Lie.values());
        }
    }

    /** How a grid lies in the bodies' space. */
    enum Lie {
        ALIGNED(1, 0, 0, 0),
        /** Turned by 40 degrees about (1, 2, 3). */
        OBLIQUE(
                Math.cos(Math.toRadians(20)),
                Math.sin(Math.toRadians(20)) / Math.sqrt(14),
                2 * Math.sin(Math.toRadians(20)) / Math.sqrt(14),
                3 * Math.sin(Math.toRadians(20)) / Math.sqrt(14));

        private final double[][] m;

        /** By a unit quaternion. */
        Lie(double w, double x, double y, double z) {
            m = new double[][] {
                {1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}
            };
        }

        Body of(Body body) {
            return (x, y, z) -> body.holds(
                    m[0][0] * x + m[0][1] * y + m[0][2] * z,
                    m[1][0] * x + m[1][1] * y + m[1][2] * z,
                    m[2][0] * x + m[2][1] * y + m[2][2] * z);
        }
    }

    private ClosedForms() {}

    static Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put(
                "balls of 10 and 12 mm, one centre",
                new Shape(ball(0, 0, 0, 10), ball(0, 0, 0, 12), true, 12, truth(even(2, 100), even(2, 144)), 2.5));
        double part = 3 / Math.sqrt(3);
        double[][] moved = movedBall(10, 3);
        shapes.put(
                "balls of 10 mm, 3 mm apart",
                new Shape(ball(0, 0, 0, 10), ball(part, part, part, 10), false, 13, truth(moved, moved), 1));
        shapes.put(
                "shells to 12 mm from 8 and 9 mm",
                new Shape(
                        shell(8, 12),
                        shell(9, 12),
                        true,
                        12,
                        truth(new double[][] {{0, 144}, {1, 64}}, new double[][] {{0, 144}, {1, 81}}),
                        0.75));
        shapes.put(
                "boxes of 16 and 20 mm, one centre",
                new Shape(box(8), box(10), false, 10, truth(even(2, 1), aroundBox(8, 10)), 2.5));
        shapes.put("slabs of 30 x 30 mm, 4 and 6 mm thick", new Shape(slab(2), slab(3), false, 15, slabTruth(), 1.5));
        shapes.put(
                "rings of 12 mm, 3 and 5 mm thick",
                new Shape(ring(12, 3), ring(12, 5), false, 17, truth(even(2, 3), even(2, 5)), 2.5));
        return shapes;
    }

    /**
     * The voxels whose centre lies in the body.
     *
     * @param shift of the grid against the body, in voxels along each axis
     */
    static BitMask voxels(Body body, double half, Spacing s, Lie lie, double[] shift) {
        // A turned cube reaches farther along the axes; round bodies leave the rest empty.
        double reach = lie == Lie.ALIGNED ? half : half * Math.sqrt(3);
        int nx = (int) Math.ceil(2 * reach / s.x()) + 2;
        int ny = (int) Math.ceil(2 * reach / s.y()) + 2;
        int nz = (int) Math.ceil(2 * reach / s.z()) + 2;
        Body turned = lie.of(body);
        BitMask mask = new BitMask(new Box(0, 0, 0, nx, ny, nz));
        for (int z = 0; z < nz; z++) {
            for (int y = 0; y < ny; y++) {
                for (int x = 0; x < nx; x++) {
                    if (turned.holds(
                            (x - (nx - 1) / 2.0 + shift[0]) * s.x(),
                            (y - (ny - 1) / 2.0 + shift[1]) * s.y(),
                            (z - (nz - 1) / 2.0 + shift[2]) * s.z())) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    static Body ball(double cx, double cy, double cz, double r) {
        return (x, y, z) -> (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) <= r * r;
    }

    private static Body shell(double inner, double outer) {
        return (x, y, z) -> {
            double r2 = x * x + y * y + z * z;
            return r2 >= inner * inner && r2 <= outer * outer;
        };
    }

    private static Body box(double half) {
        return (x, y, z) -> Math.max(Math.abs(x), Math.max(Math.abs(y), Math.abs(z))) <= half;
    }

    private static Body slab(double half) {
        return (x, y, z) -> Math.max(Math.abs(x), Math.abs(y)) <= 15 && Math.abs(z) <= half;
    }

    private static Body ring(double radius, double thick) {
        return (x, y, z) -> {
            double r = Math.hypot(x, y) - radius;
            return r * r + z * z <= thick * thick;
        };
    }

    /** All at one distance. */
    private static double[][] even(double distance, double weight) {
        return new double[][] {{distance, weight}};
    }

    /** From one of two equal balls to the other: by Archimedes, equal steps along the line of the centres hold equal areas. */
    static double[][] movedBall(double r, double apart) {
        int n = 200_000;
        double[][] d = new double[n][];
        for (int i = 0; i < n; i++) {
            double u = (2 * i + 1.0) / n - 1;
            d[i] = new double[] {Math.abs(Math.sqrt(r * r + apart * apart + 2 * r * apart * u) - r), 1};
        }
        return d;
    }

    /** From the surface of a box to that of a smaller one in its middle. */
    private static double[][] aroundBox(double inner, double outer) {
        int n = 400;
        double[][] d = new double[n * n][];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double u = Math.max(0, (i + 0.5) / n * outer - inner);
                double v = Math.max(0, (j + 0.5) / n * outer - inner);
                d[i * n + j] = new double[] {Math.sqrt(u * u + v * v + (outer - inner) * (outer - inner)), 1};
            }
        }
        return d;
    }

    /** Faces are 1 mm apart, the narrow sides lie on one another, the last mm of the thicker one's up to 1 mm from the thinner one. */
    private static SurfaceDistances slabTruth() {
        int n = 1000;
        List<double[]> thick = new ArrayList<>();
        thick.add(new double[] {1, 2 * 900});
        thick.add(new double[] {0, 4 * 30 * 4});
        for (int i = 0; i < n; i++) {
            thick.add(new double[] {(i + 0.5) / n, 4 * 30 * 2.0 / n});
        }
        // Near the rim of the thin slab's faces the thick one's sides are nearer than its faces.
        List<double[]> thin = new ArrayList<>();
        thin.add(new double[] {0, 4 * 30 * 4});
        thin.add(new double[] {1, 2 * 28 * 28});
        for (int i = 0; i < n; i++) {
            double in = (i + 0.5) / n;
            thin.add(new double[] {in, 2 * 4 * (30 - 2 * in) / n});
        }
        return truth(thin.toArray(double[][]::new), thick.toArray(double[][]::new));
    }

    static SurfaceDistances truth(double[][] prediction, double[][] reference) {
        return new SurfaceDistances(distribution(prediction), distribution(reference));
    }

    /** Of pairs of a distance and its weight. */
    static DistanceDistribution distribution(double[][] parts) {
        double[][] sorted = parts.clone();
        Arrays.sort(sorted, (a, b) -> Double.compare(a[0], b[0]));
        double[] d = new double[sorted.length];
        double[] w = new double[sorted.length];
        long[] c = new long[sorted.length];
        for (int i = 0; i < sorted.length; i++) {
            d[i] = sorted[i][0];
            w[i] = sorted[i][1];
            c[i] = 1;
        }
        return new DistanceDistribution(d, w, c);
    }
}
