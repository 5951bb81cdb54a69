package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.calibration.ThresholdSweep;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.DistanceLosses;
import org.segmeter.metric.loss.GradientFacts;
import org.segmeter.metric.loss.LossLaboratory;
import org.segmeter.metric.loss.LossReport;
import org.segmeter.metric.loss.LossSettings;
import org.segmeter.metric.loss.RankedLosses;
import org.segmeter.metric.loss.Region;
import org.segmeter.metric.loss.SkeletonLosses;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/**
 * All region and voxel-wise losses with calibration and threshold sweep of a liver-like probability map, against two ways of
 * reading a float32 and a uint8 array of the same shape once, adding the values up in order and only joining their bits; and
 * against MONAI, which computes the region and voxel-wise losses that it has of the list. All on the same number of threads, in the
 * same run. Soft skeletons, distances and what sorts voxels are apart, on a smaller volume.
 *
 * <p>{@code java -cp ... org.segmeter.benchmark.LossBenchmark [slices] [threads]}; MONAI is found where the environment variable
 * {@code PYTHONPATH} names its sources.
 */
final class LossBenchmark {

    private static final int RUNS = 9;

    private LossBenchmark() {}

    public static void main(String[] args) throws Exception {
        int nz = args.length > 0 ? Integer.parseInt(args[0]) : 300;
        int threads = args.length > 1
                ? Integer.parseInt(args[1])
                : Runtime.getRuntime().availableProcessors();
        Box box = new Box(0, 0, 0, 512, 512, nz);
        System.out.printf(
                Locale.ROOT, "512x512x%d, %d threads, best of %d (in brackets the median)%n", nz, threads, RUNS);
        try (ForkJoinPool pool = new ForkJoinPool(threads)) {
            // Once unseen: until each map has been met, the JIT compiler changes its mind about the branches.
            double slowest = 0;
            for (int round = 0; round < 2; round++) {
                for (Background background : Background.values()) {
                    slowest = Math.max(slowest, onePass(box, background, threads, pool, round == 1, slowest));
                }
            }
            apart(threads, pool);
        }
    }

    /** Measures one map; milliseconds on the clock. */
    private static double onePass(
            Box box, Background background, int threads, ForkJoinPool pool, boolean printed, double slowest)
            throws Exception {
        float[] p = new float[(int) box.voxelCount()];
        byte[] g = new byte[p.length];
        BitMask mask = new BitMask(box);
        fill(box, p, g, mask, background);
        Times added = best(pool, () -> add(p, g));
        Times joined = best(pool, () -> join(p, g));
        Channel channel = Channel.of(new ProbabilityVolume(box, p), mask);
        Times all = best(pool, () -> measure(channel, box));
        if (!printed) {
            return 0;
        }
        System.out.printf(
                Locale.ROOT,
                "background %-22s read, adding %6.1f ms, joining bits %6.1f ms   all losses, calibration,"
                        + " sweep %6.1f ms (%.1f)   ratios %5.2f, %5.2f   (of CPU time %5.2f, %5.2f)%n",
                background.text,
                added.wall(),
                joined.wall(),
                all.wall(),
                all.median(),
                all.wall() / added.wall(),
                all.wall() / joined.wall(),
                all.cpu() / added.cpu(),
                all.cpu() / joined.cpu());
        if (background == Background.NOISE) {
            LossPeer.compareOnePass(p, g, box, threads, Math.max(slowest, all.wall()));
        }
        return all.wall();
    }

    /** What no single pass yields, on 160 x 160 x 160 voxels. */
    private static void apart(int threads, ForkJoinPool pool) throws Exception {
        Box box = new Box(0, 0, 0, 160, 160, 160);
        float[] p = new float[(int) box.voxelCount()];
        byte[] g = new byte[p.length];
        BitMask mask = new BitMask(box);
        for (int i = 0; i < p.length; i++) {
            int x = i % 160;
            int y = i / 160 % 160;
            int z = i / (160 * 160);
            double outside = Math.sqrt((x - 80) * (x - 80) + (y - 78) * (y - 78) + (z - 82) * (z - 82)) - 50;
            p[i] = (float) (1 / (1 + Math.exp(outside + 2 * Math.sin(x * 0.2) * Math.cos(y * 0.1))));
            if (outside <= 0) {
                g[i] = 1;
                mask.set(x, y, z);
            }
        }
        Channel channel = Channel.of(new ProbabilityVolume(box, p), mask);
        CancelSignal never = CancelSignal.none();
        System.out.println("160x160x160, apart:");
        Map<String, Double> millis = new LinkedHashMap<>();
        Map<String, Callable<Double>> work = new LinkedHashMap<>();
        work.put(
                "soft clDice, 3 iterations",
                () -> SkeletonLosses.of(channel, box, 3, 1, never).clDice());
        work.put(
                "Hausdorff distance transform",
                () -> DistanceLosses.of(channel, box).hausdorffDistanceTransform(2));
        work.put("boundary", () -> DistanceLosses.of(channel, box).boundary(new double[] {1, 1, 1}));
        work.put(
                "Lovasz-softmax",
                () -> RankedLosses.of(channel, Region.of(box), never).lovaszSoftmax());
        work.put(
                "top-k 10 %",
                () -> RankedLosses.of(channel, Region.of(box), never).topK(10));
        work.put("AUROC", () -> RankedLosses.of(channel, Region.of(box), never).auroc());
        for (Map.Entry<String, Callable<Double>> each : work.entrySet()) {
            Times times = best(pool, each.getValue());
            millis.put(each.getKey(), times.wall());
            System.out.printf(Locale.ROOT, "  %-30s %8.1f ms%n", each.getKey(), times.wall());
        }
        LossPeer.compareApart(
                p,
                g,
                box,
                threads,
                Map.of(
                        "SoftclDiceLoss",
                        Objects.requireNonNull(millis.get("soft clDice, 3 iterations")),
                        "HausdorffDTLoss",
                        Objects.requireNonNull(millis.get("Hausdorff distance transform"))),
                Map.of(
                        "SoftclDiceLoss",
                        SkeletonLosses.of(channel, box, 3, 1, never).clDice(),
                        "HausdorffDTLoss",
                        DistanceLosses.of(channel, box).hausdorffDistanceTransform(2)));
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

    /** Adds in order, as a plain loop does: each addition waits for the one before. */
    private static double add(float[] p, byte[] g) {
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

    /** The fastest read there is: the bits are joined by vector instructions, limited by memory only. */
    private static double join(float[] p, byte[] g) {
        return IntStream.range(0, p.length >> 18)
                .parallel()
                .mapToLong(block -> {
                    int bits = 0;
                    int count = 0;
                    for (int i = block << 18; i < block + 1 << 18; i++) {
                        bits |= Float.floatToRawIntBits(p[i]);
                    }
                    for (int i = block << 18; i < block + 1 << 18; i++) {
                        count += g[i];
                    }
                    return bits + (long) count;
                })
                .sum();
    }

    /** What a report of the laboratory has of one segment, but for what is measured apart. */
    private static double measure(Channel channel, Box box) {
        LossReport.OfChannel report = LossLaboratory.measure(
                        List.of(channel),
                        Region.of(box),
                        new double[] {1, 1, 1},
                        LossSettings.defaults().onePass(),
                        CancelSignal.none())
                .channels()
                .getFirst();
        ChannelStatistics s = report.statistics();
        ThresholdSweep sweep = ThresholdSweep.of(s);
        Calibration calibration = Calibration.of(s.cells(), 15, Calibration.Closed.UPPER, true);
        double losses = report.losses().values().stream()
                .flatMap(List::stream)
                .mapToDouble(v -> v.value() == null ? 0 : v.value().doubleValue())
                .sum();
        double gradients = report.gradients().values().stream()
                .mapToDouble(GradientFacts::norm)
                .sum();
        return losses
                + gradients
                + sweep.best().dice()
                + sweep.auroc().value()
                + sweep.averagePrecision().value()
                + calibration.expectedError()
                + calibration.maximumError();
    }

    /** The least of several runs: time on the clock, and of all processors together, which other programs disturb less. */
    private record Times(double wall, double cpu, double median) {}

    private static Times best(ForkJoinPool pool, Callable<Double> work) throws Exception {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        double[] walls = new double[RUNS];
        double cpu = Double.POSITIVE_INFINITY;
        double seen = 0;
        for (int i = 0; i < RUNS; i++) {
            long start = System.nanoTime();
            long cpuStart = system.getProcessCpuTime();
            seen += pool.submit(work).get();
            cpu = Math.min(cpu, (system.getProcessCpuTime() - cpuStart) / 1e6);
            walls[i] = (System.nanoTime() - start) / 1e6;
        }
        if (Double.isNaN(seen)) {
            throw new IllegalStateException("not a number");
        }
        Arrays.sort(walls);
        return new Times(walls[0], cpu, walls[RUNS / 2]);
    }
}
