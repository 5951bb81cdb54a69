package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Times surface distances between masks in memory: a liver-like label of about 3 % of 512 x 512 x 300 voxels, with and without
 * far islands, and cases made to be slow. Prints medians; {@code main [rounds] [threads]}.
 */
public final class DistanceBenchmark {

    private static final int NX = 512;
    private static final int NY = 512;
    private static final int NZ = 300;
    private static final Spacing SPACING = new Spacing(0.8, 0.8, 1.5);

    private DistanceBenchmark() {}

    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 15;
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        Map<String, BitMask[]> cases = new LinkedHashMap<>();
        BitMask reference = liver(1, 0, 0);
        BitMask prediction = liver(1, 1.5, 0.15);
        cases.put("liver", new BitMask[] {prediction, reference});
        cases.put("liver with 12 islands", new BitMask[] {withIslands(prediction), reference});
        cases.put("liver against itself", new BitMask[] {reference, reference});
        BitMask farVoxel = new BitMask(new Box(0, 0, 0, NX, NY, NZ));
        farVoxel.set(500, 500, 295);
        cases.put("liver against one far voxel", new BitMask[] {farVoxel, reference});
        cases.put("checkerboard against noise, 128^3", new BitMask[] {checkerboard(128), noise(128, 0.5)});
        cases.put("sparse noise against sparse noise, 128^3", new BitMask[] {noise(128, 0.001), noise(128, 0.0011)});
        cases.put("shell around a ball, 200^3", new BitMask[] {ball(200, 0, 20), ball(200, 80, 95)});
        cases.put("full against one voxel, 200^3", new BitMask[] {ball(200, 0, 200), ball(200, 0, 1)});
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            System.out.printf("%d threads, medians of %d%n", threads, rounds);
            for (Map.Entry<String, BitMask[]> e : cases.entrySet()) {
                double[] ms = new double[rounds];
                double[] cpu = new double[rounds];
                SurfaceDistances d = null;
                for (int i = -3; i < rounds; i++) {
                    long start = System.nanoTime();
                    long cpuStart = system.getProcessCpuTime();
                    d = pool.submit(() -> measured(e.getValue())).get();
                    if (i >= 0) {
                        ms[i] = (System.nanoTime() - start) / 1e6;
                        cpu[i] = (system.getProcessCpuTime() - cpuStart) / 1e6;
                    }
                }
                Arrays.sort(ms);
                Arrays.sort(cpu);
                System.out.printf(
                        "%-42s %9.2f ms (best %.2f, processor time %.2f)  points %d + %d  hd %.3f  hd95 %.3f  masd %.4f  nsd(1 mm) %.4f%n",
                        e.getKey(),
                        ms[rounds / 2],
                        ms[0],
                        cpu[rounds / 2],
                        d.predictionToReference().count(),
                        d.referenceToPrediction().count(),
                        d.hausdorff(),
                        d.percentile(95, PercentileRule.AREA_STEP_LARGER),
                        d.masd(),
                        d.nsd(1));
            }
        }
    }

    private static SurfaceDistances measured(BitMask[] pair) {
        return SurfaceDistances.between(pair[0], pair[1], SPACING, SurfaceModel.AREA_WEIGHTED, CancelSignal.none());
    }

    /** Two ellipsoids with a wavy surface, moved by some voxels and made wavier by finer waves. */
    static BitMask liver(long seed, double moved, double finer) {
        Waves coarse = new Waves(seed, 60);
        Waves fine = new Waves(seed + 1000, 25);
        BitMask mask = new BitMask(new Box(100, 140, 80, 370, 360, 250));
        for (int z = 80; z < 250; z++) {
            for (int y = 140; y < 360; y++) {
                for (int x = 100; x < 370; x++) {
                    double a = radius(x, y, z, 200 + moved, 250, 160, 82, 90, 66);
                    double b = radius(x, y, z, 275 + moved, 235, 175, 70, 55, 36);
                    double d = Math.min(a, b);
                    if (d < 0.6 || d < 1.6 && d < 1 + 0.1 * (coarse.at(x, y, z) + finer * fine.at(x, y, z))) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    private static double radius(
            double x, double y, double z, double cx, double cy, double cz, double rx, double ry, double rz) {
        double dx = (x - cx) / rx;
        double dy = (y - cy) / ry;
        double dz = (z - cz) / rz;
        return Math.sqrt(dx * dx + dy * dy + dz * dz);
    }

    private static BitMask withIslands(BitMask mask) {
        BitMask more = new BitMask(new Box(0, 0, 0, NX, NY, NZ));
        Box box = mask.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (mask.contains(x, y, z)) {
                        more.set(x, y, z);
                    }
                }
            }
        }
        Random random = new Random(5);
        for (int i = 0; i < 12; i++) {
            int x = 20 + random.nextInt(NX - 40);
            int y = 20 + random.nextInt(NY - 40);
            int z = 10 + random.nextInt(NZ - 20);
            for (int k = 0; k < 3; k++) {
                for (int j = 0; j < 3; j++) {
                    more.setRun(y + j, z + k, x, x + 3);
                }
            }
        }
        return more;
    }

    private static BitMask checkerboard(int n) {
        BitMask mask = new BitMask(new Box(0, 0, 0, n, n, n));
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = y + z & 1; x < n; x += 2) {
                    mask.set(x, y, z);
                }
            }
        }
        return mask;
    }

    private static BitMask noise(int n, double density) {
        Random random = new Random(Double.hashCode(density));
        BitMask mask = new BitMask(new Box(0, 0, 0, n, n, n));
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = 0; x < n; x++) {
                    if (random.nextDouble() < density) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    private static BitMask ball(int n, double inner, double outer) {
        BitMask mask = new BitMask(new Box(0, 0, 0, n, n, n));
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = 0; x < n; x++) {
                    double r = radius(x, y, z, n / 2.0, n / 2.0, n / 2.0, 1, 1, 1);
                    if (r >= inner && r <= outer) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    /** Smooth noise of about unit variance: a coarse lattice of normal numbers, interpolated. */
    private record Waves(double[] lattice, int step, int wx, int wy) {

        Waves(long seed, int step) {
            this(normal(seed, (NX / step + 2) * (NY / step + 2) * (NZ / step + 2)), step, NX / step + 2, NY / step + 2);
        }

        private static double[] normal(long seed, int n) {
            Random random = new Random(seed);
            double[] v = new double[n];
            Arrays.setAll(v, i -> 1.7 * random.nextGaussian());
            return v;
        }

        double at(int x, int y, int z) {
            double fx = smooth(x % step / (double) step);
            double fy = smooth(y % step / (double) step);
            double fz = smooth(z % step / (double) step);
            int i = (z / step * wy + y / step) * wx + x / step;
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
