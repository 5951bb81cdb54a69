package org.segmeter.benchmark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Segmentation;
import org.springframework.util.FileSystemUtils;

/**
 * What scoring says beforehand that it takes of memory, beside the peak of what is in use meanwhile. Run by {@code docs/benchmarks.md}, "Memory".
 */
public final class MemoryBenchmark {

    private MemoryBenchmark() {}

    /** A pair of files. */
    record Pair(Path prediction, Path reference) {
        static Pair write(Path folder, String name, Segmentation[] sides) throws IOException {
            Path[] files = new Path[2];
            for (int side = 0; side < 2; side++) {
                files[side] = folder.resolve(name.replaceAll("[^a-z0-9]", "-") + "-" + side + ".nii.gz");
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(files[side]))) {
                    NiftiWriter.writeGzip(sides[side], out);
                }
            }
            return new Pair(files[0], files[1]);
        }
    }

    /** A pair that takes little, of files that are large enough for ISA-L, whose loading leaves 8 MiB of classes and their files in memory. */
    static Pair small(Path folder) throws IOException {
        return Pair.write(folder, "small", noise(96));
    }

    /** Of a volume of n x n x n voxels. */
    static Map<String, Segmentation[]> cases(int n) {
        BenchmarkVolumes volumes = new BenchmarkVolumes(n, n, n);
        Map<String, Segmentation[]> cases = new LinkedHashMap<>();
        cases.put("one liver", new Segmentation[] {volumes.liver(true, false), volumes.liver(false, false)});
        cases.put("24 organs", new Segmentation[] {volumes.organs(24, true), volumes.organs(24, false)});
        cases.put("100 lesions", new Segmentation[] {volumes.lesions(100, true), volumes.lesions(100, false)});
        cases.put("noise", noise(n));
        cases.put("noise of 24 labels", new Segmentation[] {labels(volumes, n, 24, 1), labels(volumes, n, 24, 2)});
        cases.put("checkerboard against noise", checkerboard(n));
        cases.put(
                "full volume",
                masks(volumes, BenchmarkVolumes.shell(n, 0, 2 * n), BenchmarkVolumes.shell(n, 0, 2 * n)));
        return cases;
    }

    static Segmentation[] noise(int n) {
        return masks(
                new BenchmarkVolumes(n, n, n),
                BenchmarkVolumes.noise(n, n, n, 0.5, 3),
                BenchmarkVolumes.noise(n, n, n, 0.5, 4));
    }

    static Segmentation[] checkerboard(int n) {
        return masks(
                new BenchmarkVolumes(n, n, n),
                BenchmarkVolumes.checkerboard(n, n, n),
                BenchmarkVolumes.noise(n, n, n, 0.5, 3));
    }

    private static Segmentation[] masks(BenchmarkVolumes volumes, BitMask prediction, BitMask reference) {
        return new Segmentation[] {volumes.labels(List.of(prediction)), volumes.labels(List.of(reference))};
    }

    private static Segmentation labels(BenchmarkVolumes volumes, int n, int count, long seed) {
        List<BitMask> masks = new ArrayList<>();
        for (int label = 0; label < count; label++) {
            masks.add(new BitMask(volumes.grid().box()));
        }
        Random random = new Random(seed);
        for (int z = 0; z < n; z++) {
            for (int y = 0; y < n; y++) {
                for (int x = 0; x < n; x++) {
                    int label = random.nextInt(count + 1);
                    if (label < count) {
                        masks.get(label).set(x, y, z);
                    }
                }
            }
        }
        return volumes.labels(masks);
    }

    /** @param arguments voxels along each axis, 256 if not given; names of cases, all if not given */
    public static void main(String[] arguments) throws Exception {
        int n = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 256;
        List<String> wanted = List.of(arguments).subList(Math.min(1, arguments.length), arguments.length);
        Path folder = Files.createTempDirectory("segmeter-memory");
        try {
            Pair small = small(folder);
            Map<String, Pair> pairs = new LinkedHashMap<>();
            for (Map.Entry<String, Segmentation[]> one : cases(n).entrySet()) {
                if (wanted.isEmpty() || wanted.contains(one.getKey())) {
                    pairs.put(one.getKey(), Pair.write(folder, one.getKey(), one.getValue()));
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s, %d x %d x %d voxels%n%n| case | threads | expected MiB | peak MiB | expected over peak |%n|"
                            + " --- | --- | --- | --- | --- |%n",
                    Machine.name(),
                    n,
                    n,
                    n);
            for (int threads = 1; threads <= 2; threads++) {
                List<PeakHeap.Reading> readings = PeakHeap.of(small, List.copyOf(pairs.values()), threads);
                int at = 0;
                for (String name : pairs.keySet()) {
                    PeakHeap.Reading reading = readings.get(at++);
                    System.out.printf(
                            Locale.ROOT,
                            "| %s | %d | %.1f | %.1f | %.2f |%n",
                            name,
                            threads,
                            reading.said(),
                            reading.peak(),
                            reading.ratio());
                }
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }
}
