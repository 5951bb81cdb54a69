package org.segmeter.benchmark;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.format.nifti.NiftiWriter;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Segmentation;

/**
 * How long reading a 512 x 512 x 300 segmentation takes, from file to masks, beside what other tools need for the same file in the same
 * run. The command is in docs/benchmarks.md.
 *
 * <p>A row is a file, and peers that read the same file: {@link Row}. Rows of other formats join by being added in {@link #rows}.
 */
public final class ReaderBenchmark {

    private static final int NX = 512;
    private static final int NY = 512;
    private static final int NZ = 300;

    /** What the decoded volume takes at one byte per voxel; the yardstick for heap and bytes per second. */
    private static final long VOXELS = (long) NX * NY * NZ;

    private ReaderBenchmark() {}

    /**
     * @param peer its name
     * @param millis best time in milliseconds, or nothing where it is not installed
     */
    record Peer(String peer, Supplier<OptionalDouble> millis) {}

    record Row(String name, Path file, List<Peer> peers) {}

    public static void main(String[] args) throws Exception {
        int repeats = args.length > 0 ? Integer.parseInt(args[0]) : 15;
        Path folder = Files.createTempDirectory("segmeter-reader-benchmark");
        System.out.printf(
                "%s, Java %s, %d processors, best of %d%n",
                System.getProperty("os.arch"),
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                repeats);
        try {
            System.out.printf(
                    "%-28s %10s %9s %9s %13s %9s  %s%n",
                    "file", "bytes", "ms", "GB/s", "allocated MiB", "heap MiB", "peers");
            for (Row row : rows(folder, repeats)) {
                measure(row, repeats);
            }
        } finally {
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private static List<Row> rows(Path folder, int repeats) throws Exception {
        List<Row> rows = new ArrayList<>();
        for (int segments : new int[] {10, 100}) {
            Segmentation s = BenchmarkVolumes.full().organs(segments, false);
            Path plain = folder.resolve("labels" + segments + ".nii");
            Path gzip = folder.resolve("labels" + segments + ".nii.gz");
            try (OutputStream out = Files.newOutputStream(plain)) {
                NiftiWriter.write(s, out);
            }
            try (OutputStream out = Files.newOutputStream(gzip)) {
                NiftiWriter.writeGzip(s, out);
            }
            rows.add(new Row(segments + " labels .nii", plain, List.of(nibabel(plain, repeats))));
            rows.add(
                    new Row(segments + " labels .nii.gz", gzip, List.of(igzip(gzip, repeats), nibabel(gzip, repeats))));
        }
        return rows;
    }

    private static void measure(Row row, int repeats) throws Exception {
        SegmentationReader reader = SegmentationReader.standard();
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        double best = Double.POSITIVE_INFINITY;
        long allocated = Long.MAX_VALUE;
        long maskBytes = 0;
        for (int i = 0; i < repeats + 5; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            Segmentation s = reader.readFiles(List.of(row.file), ReadOptions.defaults());
            best = Math.min(best, (System.nanoTime() - start) / 1e6);
            allocated = Math.min(allocated, threads.getCurrentThreadAllocatedBytes() - before);
            maskBytes = maskBytes(s);
        }
        StringBuilder peers = new StringBuilder();
        for (Peer peer : row.peers) {
            OptionalDouble millis = peer.millis.get();
            peers.append(peer.peer);
            if (millis.isPresent()) {
                peers.append(" %.1f ms (ours/its %.2f)  ".formatted(millis.getAsDouble(), best / millis.getAsDouble()));
            } else {
                peers.append(" is not installed  ");
            }
        }
        System.out.printf(
                "%-28s %10d %9.1f %9.2f %6.1f (%4.1f) %9.1f  %s%n",
                row.name,
                Files.size(row.file),
                best,
                VOXELS / best / 1e6,
                allocated / 1048576.0,
                maskBytes / 1048576.0,
                SmallestHeap.mibToRead(row.file),
                peers);
    }

    /** What the decoded masks take. */
    static long maskBytes(Segmentation s) {
        return s.segments().stream()
                .mapToLong(
                        v -> v.voxels() instanceof BitMask b ? 8L * b.words().length : 4 * ((Mask) v.voxels()).count())
                .sum();
    }

    /** igzip of ISA-L decompressing to nowhere, a process each time. */
    private static Peer igzip(Path file, int repeats) {
        return new Peer("igzip", () -> {
            double best = Double.POSITIVE_INFINITY;
            for (int i = 0; i < repeats; i++) {
                long start = System.nanoTime();
                if (run(List.of("igzip", "-d", "-c", file.toString()), ProcessBuilder.Redirect.DISCARD) == null) {
                    return OptionalDouble.empty();
                }
                best = Math.min(best, (System.nanoTime() - start) / 1e6);
            }
            return OptionalDouble.of(best);
        });
    }

    /** nibabel to a numpy array; that is less than our masks, but it is where its users begin. The process start is not counted. */
    private static Peer nibabel(Path file, int repeats) {
        return python(
                "nibabel",
                "import nibabel,numpy,time,sys\nbest=1e9\nfor i in range(int(sys.argv[2])):\n t=time.perf_counter()\n"
                        + " a=numpy.asarray(nibabel.load(sys.argv[1]).dataobj); a.max()\n"
                        + " best=min(best,time.perf_counter()-t)\nprint(best*1000)",
                file.toString(),
                Integer.toString(Math.min(repeats, 5)));
    }

    /** A peer in Python: the script prints its best time in milliseconds. */
    static Peer python(String name, String script, String... arguments) {
        return new Peer(name, () -> {
            for (String python : List.of("python3", "/usr/bin/python3")) {
                List<String> command = new ArrayList<>(List.of(python, "-c", script));
                command.addAll(List.of(arguments));
                String output = run(command, ProcessBuilder.Redirect.PIPE);
                if (output != null) {
                    return OptionalDouble.of(Double.parseDouble(output.strip()));
                }
            }
            return OptionalDouble.empty();
        });
    }

    /** The output, or null if the program is missing or fails. */
    private static @Nullable String run(List<String> command, ProcessBuilder.Redirect output) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .redirectOutput(output)
                    .start();
            String text = output == ProcessBuilder.Redirect.PIPE
                    ? new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    : "";
            return process.onExit().join().exitValue() == 0 ? text : null;
        } catch (IOException e) {
            return null;
        }
    }
}
