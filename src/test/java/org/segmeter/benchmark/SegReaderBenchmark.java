package org.segmeter.benchmark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.format.dicom.SegWriter;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Segment;
import org.segmeter.volume.Segmentation;
import org.segmeter.volume.Segmentation.Encoding;
import org.segmeter.volume.Segmentation.SegmentVoxels;

/**
 * How long reading a DICOM segmentation of 512 x 512 x 300 voxels takes, from file to masks, beside pydicom with numpy on the
 * same files in the same run. pydicom only unpacks the frames and reads which segment and slice each belongs to; it assembles no
 * masks, which is less than what is measured here.
 *
 * <p>{@code heap} is the smallest {@code -Xmx} with which a JVM of its own reads the file, what the JVM itself needs included; it is
 * to be at most 32 MiB more than the masks.
 *
 * <p>Run with the test class path: {@code java -Xmx4g --enable-native-access=ALL-UNNAMED org.segmeter.benchmark.SegReaderBenchmark}.
 */
public final class SegReaderBenchmark {

    private static final int NX = 512;
    private static final int NY = 512;
    private static final int NZ = 300;
    private static final int WARM_UP = 20;

    private static final String PYDICOM = """
        import sys, time, pydicom, numpy
        best = 1e9
        for i in range(int(sys.argv[2])):
            t = time.perf_counter()
            d = pydicom.dcmread(sys.argv[1])
            n = d.NumberOfFrames
            if d.BitsAllocated == 1:
                raw = numpy.frombuffer(d.PixelData, numpy.uint8)
                a = numpy.unpackbits(raw, bitorder='little')[:n * d.Rows * d.Columns].reshape(n, d.Rows, d.Columns)
            else:
                kind = numpy.uint8 if d.BitsAllocated == 8 else numpy.uint16
                a = numpy.frombuffer(d.PixelData, kind)[:n * d.Rows * d.Columns].reshape(n, d.Rows, d.Columns)
                numpy.unique(a)
            for f in d.PerFrameFunctionalGroupsSequence:
                f.PlanePositionSequence[0].ImagePositionPatient[2]
                if d.BitsAllocated == 1:
                    f.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            best = min(best, time.perf_counter() - t)
        print(best * 1000)
        """;

    private SegReaderBenchmark() {}

    public static void main(String[] args) throws Exception {
        int repeats = args.length > 0 ? Integer.parseInt(args[0]) : 15;
        Path folder = Files.createTempDirectory("segmeter-seg-benchmark");
        System.out.printf(
                "Java %s, %d processors, best of %d%n",
                Runtime.version(), Runtime.getRuntime().availableProcessors(), repeats);
        System.out.printf(
                "%-24s %11s %7s %9s %10s %10s %10s %9s %12s %8s%n",
                "object",
                "bytes",
                "frames",
                "ms",
                "Gvoxel/s",
                "alloc MiB",
                "masks MiB",
                "heap MiB",
                "pydicom ms",
                "ratio");
        try {
            for (int segments : new int[] {10, 100}) {
                measure("BINARY, " + segments + " segments", folder, organs(segments, Encoding.BINARY), repeats);
            }
            measure("LABELMAP, 10 segments", folder, organs(10, Encoding.LABELMAP), repeats);
            measure("LABELMAP, 100 segments", folder, organs(100, Encoding.LABELMAP), repeats);
        } finally {
            Files.deleteIfExists(folder.resolve("object.dcm"));
            Files.delete(folder);
        }
    }

    /** Ellipsoids; of a label map each in a cell of its own, because labels cannot overlap. */
    private static Segmentation organs(int count, Encoding kind) {
        Random random = new Random(count);
        List<SegmentVoxels> segments = new ArrayList<>();
        int cells = (int) Math.ceil(Math.cbrt(count));
        for (int s = 0; s < count; s++) {
            double rx = NX / 2.0 / cells * (0.5 + 0.5 * random.nextDouble());
            double ry = NY / 2.0 / cells * (0.5 + 0.5 * random.nextDouble());
            double rz = NZ / 2.0 / cells * (0.5 + 0.5 * random.nextDouble());
            double cx = NX / (double) cells * (s % cells + 0.5);
            double cy = NY / (double) cells * (s / cells % cells + 0.5);
            double cz = NZ / (double) cells * (s / cells / cells + 0.5);
            Box box = new Box(
                    (int) Math.max(0, cx - rx),
                    (int) Math.max(0, cy - ry),
                    (int) Math.max(0, cz - rz),
                    (int) Math.min(NX, cx + rx + 1),
                    (int) Math.min(NY, cy + ry + 1),
                    (int) Math.min(NZ, cz + rz + 1));
            BitMask mask = new BitMask(box);
            for (int z = box.z0(); z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++) {
                    double q = 1 - Math.pow((z - cz) / rz, 2) - Math.pow((y - cy) / ry, 2);
                    if (q > 0) {
                        double half = rx * Math.sqrt(q);
                        mask.setRun(y, z, Math.max(box.x0(), (int) (cx - half)), Math.min(box.x1(), (int) (cx + half)));
                    }
                }
            }
            segments.add(new SegmentVoxels(Segment.ofLabelValue(s + 1), mask));
        }
        Affine affine =
                Affine.of(new double[] {0.8, 0, 0}, new double[] {0, 0.8, 0}, new double[] {0, 0, 1.5}, new double[] {
                    -200, -200, 0
                });
        return new Segmentation(
                new Grid(NX, NY, NZ, affine),
                kind,
                segments,
                new Segmentation.Source("generated", null, true, List.of()));
    }

    private static void measure(String name, Path folder, Segmentation written, int repeats) throws Exception {
        Path file = folder.resolve("object.dcm");
        SegWriter.Identity identity = new SegWriter.Identity(
                "1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4", 1, 1, LocalDateTime.of(2026, 1, 1, 0, 0));
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            SegWriter.write(written, identity, SegWriter.Options.DEFAULT, out);
        }
        long frames = written.encoding() == Encoding.LABELMAP
                ? NZ
                : written.segments().stream()
                        .mapToLong(s -> ((BitMask) s.voxels()).box().nz())
                        .sum();
        SegmentationReader reader = SegmentationReader.standard();
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        double best = Double.POSITIVE_INFINITY;
        long allocated = Long.MAX_VALUE;
        long masks = 0;
        for (int i = 0; i < repeats + WARM_UP; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            Segmentation read = reader.readFiles(List.of(file), ReadOptions.defaults());
            best = Math.min(best, (System.nanoTime() - start) / 1e6);
            allocated = Math.min(allocated, threads.getCurrentThreadAllocatedBytes() - before);
            if (read.segments().size() != written.segments().size()) {
                throw new IllegalStateException("segments were lost");
            }
            masks = ReaderBenchmark.maskBytes(read);
        }
        double peer = pydicom(file, Math.min(repeats, 5));
        System.out.printf(
                "%-24s %11d %7d %9.2f %10.2f %10.1f %10.1f %9.1f %12.1f %8.1f%n",
                name,
                Files.size(file),
                frames,
                best,
                frames * NX * NY / best / 1e6,
                allocated / 1048576.0,
                masks / 1048576.0,
                SmallestHeap.mibToRead(file),
                peer,
                peer / best);
    }

    /** Best time in milliseconds, NaN where pydicom is not installed. */
    private static double pydicom(Path file, int repeats) throws IOException, InterruptedException {
        for (String python : List.of("/usr/bin/python3", "python3")) {
            Process process = new ProcessBuilder(python, "-c", PYDICOM, file.toString(), Integer.toString(repeats))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() == 0) {
                return Double.parseDouble(output);
            }
        }
        return Double.NaN;
    }
}
