package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import org.segmeter.metric.distance.PercentileRule;
import org.segmeter.metric.distance.Spacing;
import org.segmeter.metric.distance.SurfaceDistances;
import org.segmeter.metric.distance.SurfaceModel;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;

/**
 * Times surface distances between masks in memory: a liver-like label of about 3 % of 512 x 512 x 300 voxels, with and without
 * far islands, and cases made to be slow. Prints medians; {@code main [rounds] [threads]}.
 */
public final class DistanceBenchmark {

    private static final Spacing SPACING = new Spacing(0.8, 0.8, 1.5);

    private DistanceBenchmark() {}

    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 15;
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        Map<String, BitMask[]> cases = new LinkedHashMap<>();
        BenchmarkVolumes volumes = BenchmarkVolumes.full();
        BitMask reference = volumes.liverMask(0, 0);
        BitMask prediction = volumes.liverMask(1.5, 0.15);
        cases.put("liver", new BitMask[] {prediction, reference});
        cases.put("liver with 12 islands", new BitMask[] {volumes.withIslands(prediction), reference});
        cases.put("liver against itself", new BitMask[] {reference, reference});
        BitMask farVoxel = new BitMask(volumes.grid().box());
        farVoxel.set(500, 500, 295);
        cases.put("liver against one far voxel", new BitMask[] {farVoxel, reference});
        cases.put("checkerboard against noise, 128^3", new BitMask[] {
            BenchmarkVolumes.checkerboard(128, 128, 128), BenchmarkVolumes.noise(128, 128, 128, 0.5, 1)
        });
        cases.put("sparse noise against sparse noise, 128^3", new BitMask[] {
            BenchmarkVolumes.noise(128, 128, 128, 0.001, 2), BenchmarkVolumes.noise(128, 128, 128, 0.0011, 3)
        });
        cases.put(
                "shell around a ball, 200^3",
                new BitMask[] {BenchmarkVolumes.shell(200, 0, 20), BenchmarkVolumes.shell(200, 80, 95)});
        cases.put(
                "full against one voxel, 200^3",
                new BitMask[] {BenchmarkVolumes.shell(200, 0, 200), BenchmarkVolumes.shell(200, 0, 1)});
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
}
