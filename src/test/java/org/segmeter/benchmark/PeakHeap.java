package org.segmeter.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;

/**
 * What scoring a pair takes of memory, and what it says that it takes. Where the work of a JVM of its own looks whether it is to stop, in the
 * middle of everything, it collects, every two milliseconds of work: the most that a collection leaves, less what it left before the work, is
 * the peak.
 */
final class PeakHeap {

    static final double MIB = 1L << 20;

    private static final long PAUSE_NANOS = 2_000_000;
    private static final List<MemoryPoolMXBean> POOLS = ManagementFactory.getMemoryPoolMXBeans();

    private PeakHeap() {}

    /** What was said and what was found, in MiB. */
    record Reading(double said, double peak) {
        double ratio() {
            return said / peak;
        }
    }

    /**
     * Measures pairs, each in a JVM of its own: threads keep hold of what they did last.
     *
     * @param first a small pair that is scored before, so that what is loaded and kept for good is not counted
     * @param threads 1: the calling thread alone; else it and others that help
     */
    static List<Reading> of(MemoryBenchmark.Pair first, List<MemoryBenchmark.Pair> pairs, int threads)
            throws IOException, InterruptedException {
        List<Reading> readings = new ArrayList<>();
        for (MemoryBenchmark.Pair pair : pairs) {
            readings.add(of(first, pair, threads));
        }
        return readings;
    }

    private static Reading of(MemoryBenchmark.Pair first, MemoryBenchmark.Pair pair, int threads)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        // Else some of what is dead stays where it is, and counts.
                        "-XX:MarkSweepDeadRatio=0",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx1g",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PeakHeap.class.getName(),
                        String.valueOf(threads),
                        first.prediction().toString(),
                        first.reference().toString(),
                        pair.prediction().toString(),
                        pair.reference().toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Reading reading = null;
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(MARK)) {
                    String[] numbers = line.substring(MARK.length()).split(" ", -1);
                    reading = new Reading(Long.parseLong(numbers[0]) / MIB, Long.parseLong(numbers[1]) / MIB);
                }
            }
        }
        if (process.waitFor() != 0 || reading == null) {
            throw new IOException("a pair was not measured");
        }
        return reading;
    }

    private static final String MARK = "said and peak ";

    /** @param arguments threads, prediction and reference of the small pair, and of the one that is measured */
    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[0]);
        // The calling thread, and those that help it.
        try (ForkJoinPool helpers = new ForkJoinPool(Math.max(1, threads - 1))) {
            Scorer scorer = threads == 1 ? Scorer.standard() : Scorer.standard().withPool(helpers);
            score(scorer, Path.of(arguments[1]), Path.of(arguments[2]), CancelSignal.none());
            long before = inUse();
            AtomicLong last = new AtomicLong(System.nanoTime());
            AtomicLong most = new AtomicLong();
            long said = score(scorer, Path.of(arguments[3]), Path.of(arguments[4]), CancelSignal.watching(() -> {
                if (System.nanoTime() - last.get() > PAUSE_NANOS) {
                    most.accumulateAndGet(inUse(), Math::max);
                    last.set(System.nanoTime());
                }
            }));
            System.out.println(MARK + said + " " + (most.get() - before));
        }
    }

    /** What a collection leaves, as the collector itself counted it: others may allocate before its caller goes on. */
    private static long inUse() {
        System.gc();
        long used = 0;
        for (MemoryPoolMXBean pool : POOLS) {
            MemoryUsage left = pool.getCollectionUsage();
            used += pool.getType() != MemoryType.HEAP || left == null ? 0 : left.getUsed();
        }
        return used;
    }

    private static long score(Scorer scorer, Path prediction, Path reference, CancelSignal signal) throws Exception {
        AtomicLong said = new AtomicLong();
        ScoringProgress progress = new ScoringProgress() {
            @Override
            public void entered(Stage stage) {
                // not of interest
            }

            @Override
            public void takes(long bytes, boolean all) {
                said.set(bytes);
            }
        };
        scorer.score(
                new ScoringInput(List.of(prediction), List.of("0")),
                new ScoringInput(List.of(reference), List.of("0")),
                ScoringOptions.defaults(),
                progress,
                signal);
        return said.get();
    }
}
