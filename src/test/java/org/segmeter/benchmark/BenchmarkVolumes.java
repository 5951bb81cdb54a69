package org.segmeter.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;
import org.segmeter.volume.Segmentation.Source;
import org.segmeter.volume.Voxels;

/**
 * The volumes of the benchmarks: the same on every machine. Places and sizes are given for 512 x 512 x 300 voxels and scaled to the
 * grid asked for; voxels are 0.8 x 0.8 x 1.5 mm. A prediction is the reference with its structures moved by a voxel or two and a
 * surface that has finer waves.
 */
final class BenchmarkVolumes {

    private static final double[] FULL = {512, 512, 300};

    private final Grid grid;
    private final double[] scale;

    BenchmarkVolumes(int nx, int ny, int nz) {
        grid = new Grid(
                nx,
                ny,
                nz,
                Affine.of(new double[] {0.8, 0, 0}, new double[] {0, 0.8, 0}, new double[] {0, 0, 1.5}, new double[] {
                    -200, -200, 0
                }));
        scale = new double[] {nx / FULL[0], ny / FULL[1], nz / FULL[2]};
    }

    static BenchmarkVolumes full() {
        return new BenchmarkVolumes(512, 512, 300);
    }

    Grid grid() {
        return grid;
    }

    /** One label of about 3 % of the volume: two ellipsoids with a wavy surface; a prediction may have 12 tiny islands far away. */
    Segmentation liver(boolean predicted, boolean islands) {
        BitMask mask = liverMask(predicted ? 1.5 : 0, predicted ? 0.15 : 0);
        return labels(List.of(islands ? withIslands(mask) : mask));
    }

    BitMask liverMask(double moved, double finer) {
        Waves coarse = new Waves(1, 60, grid, scale);
        Waves fine = new Waves(1001, 25, grid, scale);
        Ellipsoid a = ellipsoid(200 + moved, 250, 160, 82, 90, 66);
        Ellipsoid b = ellipsoid(275 + moved, 235, 175, 70, 55, 36);
        Box box = a.around(1.6).union(b.around(1.6)).intersection(grid.box());
        BitMask mask = new BitMask(box);
        slices(box, (x, y, z) -> {
            double d = Math.min(a.radius(x, y, z), b.radius(x, y, z));
            if (d < 0.6 || d < 1.6 && d < 1 + 0.1 * (coarse.at(x, y, z) + finer * fine.at(x, y, z))) {
                mask.set(x, y, z);
            }
        });
        return mask;
    }

    BitMask withIslands(BitMask mask) {
        BitMask more = new BitMask(grid.box());
        add(mask, more);
        Random random = new Random(5);
        for (int i = 0; i < 12; i++) {
            int x = (int) (grid.nx() * (0.04 + 0.92 * random.nextDouble()));
            int y = (int) (grid.ny() * (0.04 + 0.92 * random.nextDouble()));
            int z = (int) (grid.nz() * (0.04 + 0.92 * random.nextDouble()));
            for (int k = z; k < Math.min(z + 3, grid.nz()); k++) {
                for (int j = y; j < Math.min(y + 3, grid.ny()); j++) {
                    more.setRun(j, k, x, Math.min(x + 3, grid.nx()));
                }
            }
        }
        return more;
    }

    private static void add(BitMask from, BitMask to) {
        Box box = from.box();
        slices(box, (x, y, z) -> {
            if (from.contains(x, y, z)) {
                to.set(x, y, z);
            }
        });
    }

    /** Three quarters ellipsoids of mixed size, one quarter winding tubes along z; where two meet, the one of smaller number wins. */
    Segmentation organs(int count, boolean predicted) {
        Random random = new Random(502);
        Waves coarse = new Waves(2, 40, grid, scale);
        Waves fine = new Waves(1002, 22, grid, scale);
        double size = Math.cbrt(24.0 / Math.max(24, count));
        BitMask taken = new BitMask(grid.box());
        List<BitMask> masks = new ArrayList<>();
        int ellipsoids = (3 * count + 3) / 4;
        for (int k = 0; k < count; k++) {
            masks.add(
                    k < ellipsoids
                            ? organ(random, k < 5 ? 1.3 * size : 0.8 * size, coarse, fine, predicted, taken)
                            : tube(random, size, predicted, taken));
        }
        return labels(masks);
    }

    private BitMask organ(Random random, double size, Waves coarse, Waves fine, boolean predicted, BitMask taken) {
        double shift = predicted ? 1 : 0;
        Ellipsoid e = ellipsoid(
                between(random, 110, 400) + 1.5 * shift,
                between(random, 120, 390) - shift,
                between(random, 30, 270) + 0.8 * shift,
                size * between(random, 10, 55),
                size * between(random, 10, 50),
                size * between(random, 8, 40));
        Box box = e.around(1.6).intersection(grid.box());
        BitMask mask = new BitMask(box);
        double finer = 0.35 * shift;
        slices(box, (x, y, z) -> {
            double d = e.radius(x, y, z);
            if ((d < 0.6 || d < 1.6 && d < 1 + 0.12 * (coarse.at(x, y, z) + finer * fine.at(x, y, z)))
                    && !taken.contains(x, y, z)) {
                mask.set(x, y, z);
            }
        });
        add(mask, taken);
        return mask;
    }

    private BitMask tube(Random random, double size, boolean predicted, BitMask taken) {
        double[] from = {between(random, 100, 420), between(random, 100, 420), between(random, 10, 40)};
        double[] to = {between(random, 100, 420), between(random, 100, 420), between(random, 250, 290)};
        double radius = Math.max(1, size * between(random, 3, 9) * (predicted ? 0.9 : 1) * scale[0]);
        int z0 = (int) (from[2] * scale[2]);
        int z1 = Math.max(z0 + 1, (int) (to[2] * scale[2]));
        BitMask mask = new BitMask(new Box(0, 0, z0, grid.nx(), grid.ny(), z1));
        for (int z = z0; z < z1; z++) {
            double t = (z - z0) / (double) (z1 - z0);
            double wave = 14 * Math.sin(3.1 * t);
            double cx = (from[0] + t * (to[0] - from[0]) + wave) * scale[0];
            double cy = (from[1] + t * (to[1] - from[1]) + wave) * scale[1];
            for (int y = Math.max(0, (int) (cy - radius)); y < Math.min(grid.ny(), cy + radius + 1); y++) {
                for (int x = Math.max(0, (int) (cx - radius)); x < Math.min(grid.nx(), cx + radius + 1); x++) {
                    if ((x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius && !taken.contains(x, y, z)) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        add(mask, taken);
        return mask;
    }

    /** One label of many small balls; the prediction misses one in seven, moves the others, and has one in eight of its own. */
    Segmentation lesions(int count, boolean predicted) {
        Random random = new Random(503);
        BitMask mask = new BitMask(grid.box());
        for (int i = 0; i < count + count / 8; i++) {
            double x = between(random, 30, 480);
            double y = between(random, 30, 480);
            double z = between(random, 20, 280);
            double radius = between(random, 2, 8);
            double drift = between(random, -1, 1);
            double shift = predicted ? drift : 0;
            boolean there = predicted ? i % 7 != 0 : i < count;
            if (there) {
                Ellipsoid ball = ellipsoid(x + shift, y - shift, z, radius, radius, Math.max(1, radius / 2));
                Box box = ball.around(1).intersection(grid.box());
                slices(box, (vx, vy, vz) -> {
                    if (ball.radius(vx, vy, vz) <= 1) {
                        mask.set(vx, vy, vz);
                    }
                });
            }
        }
        return labels(List.of(mask));
    }

    /** Probability maps of that many structures: 1 inside, 0 outside, and a slope of some voxels in between. */
    Segmentation probabilities(int count) {
        Random random = new Random(504);
        List<SegmentVoxels> segments = new ArrayList<>();
        Waves waves = new Waves(3, 50, grid, scale);
        for (int k = 1; k <= count; k++) {
            Ellipsoid e = structure(random, 1.5);
            Box box = e.around(1.5).intersection(grid.box());
            float[] values = new float[Math.toIntExact(box.voxelCount())];
            slices(box, (x, y, z) -> {
                double d = e.radius(x, y, z);
                double p = Math.clamp(0.5 + 4 * (1 - d + 0.05 * waves.at(x, y, z)), 0, 1);
                values[((z - box.z0()) * box.ny() + y - box.y0()) * box.nx() + x - box.x0()] = (float) p;
            });
            segments.add(new SegmentVoxels(Segment.ofLabelValue(k), new ProbabilityVolume(box, values)));
        }
        return new Segmentation(grid, Encoding.PROBABILITY, segments, generated());
    }

    /** The reference of {@link #probabilities}. */
    Segmentation structures(int count) {
        Random random = new Random(504);
        BitMask taken = new BitMask(grid.box());
        List<BitMask> masks = new ArrayList<>();
        for (int k = 1; k <= count; k++) {
            Ellipsoid e = structure(random, 0);
            Box box = e.around(1).intersection(grid.box());
            BitMask mask = new BitMask(box);
            slices(box, (x, y, z) -> {
                if (e.radius(x, y, z) <= 1 && !taken.contains(x, y, z)) {
                    mask.set(x, y, z);
                }
            });
            add(mask, taken);
            masks.add(mask);
        }
        return labels(masks);
    }

    private Ellipsoid structure(Random random, double moved) {
        return ellipsoid(
                between(random, 150, 360) + moved,
                between(random, 150, 360),
                between(random, 90, 210),
                between(random, 40, 80),
                between(random, 40, 80),
                between(random, 30, 60));
    }

    Segmentation labels(List<BitMask> masks) {
        List<SegmentVoxels> segments = new ArrayList<>();
        for (int i = 0; i < masks.size(); i++) {
            segments.add(new SegmentVoxels(Segment.ofLabelValue(i + 1), (Voxels) cropped(masks.get(i))));
        }
        return new Segmentation(grid, Encoding.LABELMAP, segments, generated());
    }

    private static BitMask cropped(BitMask mask) {
        Box box = mask.box();
        BitMask tight = new BitMask(box);
        add(mask, tight);
        return tight;
    }

    private static Source generated() {
        return new Source("generated", null, true, List.of());
    }

    static BitMask checkerboard(int nx, int ny, int nz) {
        BitMask mask = new BitMask(new Box(0, 0, 0, nx, ny, nz));
        slices(mask.stored(), (x, y, z) -> {
            if (x < nx && (x + y + z & 1) == 0) {
                mask.set(x, y, z);
            }
        });
        return mask;
    }

    static BitMask noise(int nx, int ny, int nz, double density, long seed) {
        Random random = new Random(seed);
        BitMask mask = new BitMask(new Box(0, 0, 0, nx, ny, nz));
        for (int z = 0; z < nz; z++) {
            for (int y = 0; y < ny; y++) {
                for (int x = 0; x < nx; x++) {
                    if (random.nextDouble() < density) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    /** The voxels whose distance from the middle is inner to outer voxels. */
    static BitMask shell(int n, double inner, double outer) {
        BitMask mask = new BitMask(new Box(0, 0, 0, n, n, n));
        Ellipsoid ball = new Ellipsoid(n / 2.0, n / 2.0, n / 2.0, 1, 1, 1);
        slices(new Box(0, 0, 0, n, n, n), (x, y, z) -> {
            double r = ball.radius(x, y, z);
            if (r >= inner && r <= outer) {
                mask.set(x, y, z);
            }
        });
        return mask;
    }

    private interface Place {
        void visit(int x, int y, int z);
    }

    /** Slices in parallel; a mask's words do not span slices. */
    private static void slices(Box box, Place place) {
        IntStream.range(box.z0(), box.z1()).parallel().forEach(z -> {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    place.visit(x, y, z);
                }
            }
        });
    }

    private static double between(Random random, double low, double high) {
        return low + (high - low) * random.nextDouble();
    }

    private Ellipsoid ellipsoid(double cx, double cy, double cz, double rx, double ry, double rz) {
        return new Ellipsoid(
                cx * scale[0],
                cy * scale[1],
                cz * scale[2],
                Math.max(1, rx * scale[0]),
                Math.max(1, ry * scale[1]),
                Math.max(1, rz * scale[2]));
    }

    private record Ellipsoid(double cx, double cy, double cz, double rx, double ry, double rz) {

        double radius(int x, int y, int z) {
            double dx = (x - cx) / rx;
            double dy = (y - cy) / ry;
            double dz = (z - cz) / rz;
            return Math.sqrt(dx * dx + dy * dy + dz * dz);
        }

        Box around(double times) {
            return new Box(
                    Math.max(0, (int) (cx - times * rx)),
                    Math.max(0, (int) (cy - times * ry)),
                    Math.max(0, (int) (cz - times * rz)),
                    (int) (cx + times * rx) + 2,
                    (int) (cy + times * ry) + 2,
                    (int) (cz + times * rz) + 2);
        }
    }

    /** Smooth noise of about unit variance: a coarse lattice of normal numbers, interpolated. */
    private static final class Waves {
        private final double[] lattice;
        private final double[] step;
        private final int wx;
        private final int wy;

        Waves(long seed, double step, Grid grid, double[] scale) {
            this.step = new double[] {step * scale[0], step * scale[1], step * scale[2]};
            wx = (int) (grid.nx() / this.step[0]) + 2;
            wy = (int) (grid.ny() / this.step[1]) + 2;
            int wz = (int) (grid.nz() / this.step[2]) + 2;
            Random random = new Random(seed);
            lattice = new double[wx * wy * wz];
            Arrays.setAll(lattice, i -> 1.7 * random.nextGaussian());
        }

        double at(int x, int y, int z) {
            double px = x / step[0];
            double py = y / step[1];
            double pz = z / step[2];
            double fx = smooth(px - (int) px);
            double fy = smooth(py - (int) py);
            double fz = smooth(pz - (int) pz);
            int i = ((int) pz * wy + (int) py) * wx + (int) px;
            int up = wx * wy;
            return mix(
                    mix(mix(lattice[i], lattice[i + 1], fx), mix(lattice[i + wx], lattice[i + wx + 1], fx), fy),
                    mix(
                            mix(lattice[i + up], lattice[i + up + 1], fx),
                            mix(lattice[i + up + wx], lattice[i + up + wx + 1], fx),
                            fy),
                    fz);
        }

        private static double smooth(double t) {
            return t * t * (3 - 2 * t);
        }

        private static double mix(double a, double b, double t) {
            return a + (b - a) * t;
        }
    }
}
