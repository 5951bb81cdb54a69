package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelPass;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.GradientFacts;
import org.segmeter.metric.loss.Region;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.VoxelTerm;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/**
 * All region and voxel-wise losses with calibration and threshold sweep of a liver-like probability map, against one plain read of
 * a float32 and a uint8 array of the same shape; both on the same threads, in the same run.
 *
 * <p>{@code java -cp ... org.segmeter.benchmark.LossBenchmark [slices] [threads]}
 */
final class LossBenchmark {

    private static final List<VoxelTerm> TERMS = List.of(
            new VoxelTerm.CrossEntropy(),
            new VoxelTerm.ClippedCrossEntropy(1e-7),
            new VoxelTerm.Focal(2),
            new VoxelTerm.ClippedFocal(0.5, 1e-7),
            new VoxelTerm.LogPower(0.3),
            new VoxelTerm.Huber(0.5),
            new VoxelTerm.LogCosh());

    private LossBenchmark() {}

    public static void main(String[] args) throws Exception {
        int nz = args.length > 0 ? Integer.parseInt(args[0]) : 300;
        int threads = args.length > 1
                ? Integer.parseInt(args[1])
                : Runtime.getRuntime().availableProcessors();
        Box box = new Box(0, 0, 0, 512, 512, nz);
        System.out.printf(Locale.ROOT, "512x512x%d, %d threads, best of 9%n", nz, threads);
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            for (Background background : Background.values()) {
                float[] p = new float[(int) box.voxelCount()];
                byte[] g = new byte[p.length];
                BitMask mask = new BitMask(box);
                fill(box, p, g, mask, background);
                Times read = best(pool, () -> read(p, g));
                Channel channel = Channel.of(new ProbabilityVolume(box, p), mask);
                Times all = best(pool, () -> measure(channel, box));
                System.out.printf(
                        Locale.ROOT,
                        "background %-22s plain read %7.1f ms   all losses, calibration, sweep %8.1f ms   ratio %5.2f   (CPU"
                                + " %.0f and %.0f ms, ratio %.2f)%n",
                        background.text,
                        read.wall(),
                        all.wall(),
                        all.wall() / read.wall(),
                        read.cpu(),
                        all.cpu(),
                        all.cpu() / read.cpu());
            }
        }
    }

    private enum Background {
        ZERO("exactly 0"),
        NEAR("0 beyond 40 voxels"),
        SMALL("about 1e-6 everywhere"),
        NOISE("up to 0.01 everywhere");

        private final String text;

        Background(String text) {
            this.text = text;
        }
    }

    /** An ellipsoid with a soft edge two voxels wide, like a trained network's. */
    private static void fill(Box box, float[] p, byte[] g, BitMask mask, Background background) {
        IntStream.range(0, box.nz()).parallel().forEach(z -> {
            Random random = new Random(z);
            int at = z * 512 * 512;
            for (int y = 0; y < 512; y++) {
                for (int x = 0; x < 512; x++, at++) {
                    double dx = (x - 200) / 120.0;
                    double dy = (y - 260) / 90.0;
                    double dz = (z - box.nz() / 2.0) / (box.nz() * 0.3);
                    double outside = (Math.sqrt(dx * dx + dy * dy + dz * dz) - 1) * 90;
                    double wobble = outside + 2 * Math.sin(x * 0.11) * Math.cos(y * 0.07 + z * 0.05);
                    float value = (float) (1 / (1 + Math.exp(wobble)));
                    p[at] = switch (background) {
                        case ZERO -> Math.abs(wobble) > 8 ? (wobble < 0 ? 1 : 0) : value;
                        case NEAR -> wobble > 40 ? 0 : value;
                        case SMALL -> Math.max(value, 1e-6f * (1 + random.nextInt(100) / 100f));
                        case NOISE -> Math.max(value, 0.01f * random.nextFloat());
                    };
                    if (outside <= 0) {
                        g[at] = 1;
                        mask.set(x, y, z);
                    }
                }
            }
        });
    }

    private static double read(float[] p, byte[] g) {
        return IntStream.range(0, p.length >> 18)
                .parallel()
                .mapToDouble(block -> {
                    double sum = 0;
                    long count = 0;
                    for (int i = block << 18; i < block + 1 << 18; i++) {
                        sum += p[i];
                        count += g[i];
                    }
                    return sum + count;
                })
                .sum();
    }

    private static double measure(Channel channel, Box box) {
        ChannelStatistics s = ChannelPass.of(channel, Region.of(box), TERMS, CancelSignal.none());
        ThresholdSweep sweep = ThresholdSweep.of(s);
        Calibration calibration = Calibration.of(s.cells(), 15, Calibration.Closed.UPPER, true);
        double gradient = GradientFacts.of(RegionLoss.Dice.linear(0), s).norm();
        return sweep.best().dice() + calibration.expectedError() + gradient + s.mean(new VoxelTerm.Focal(2));
    }

    /** The least of several runs: time on the clock, and of all processors together, which other programs disturb less. */
    private record Times(double wall, double cpu) {}

    private static Times best(ForkJoinPool pool, Callable<Double> work) throws Exception {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        double wall = Double.POSITIVE_INFINITY;
        double cpu = Double.POSITIVE_INFINITY;
        double seen = 0;
        for (int i = 0; i < 9; i++) {
            long start = System.nanoTime();
            long cpuStart = system.getProcessCpuTime();
            seen += pool.submit(work).get();
            cpu = Math.min(cpu, (system.getProcessCpuTime() - cpuStart) / 1e6);
            wall = Math.min(wall, (System.nanoTime() - start) / 1e6);
        }
        if (Double.isNaN(seen)) {
            throw new IllegalStateException("not a number");
        }
        return new Times(wall, cpu);
    }
}
