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
 * What scoring pairs takes of memory, and what it says that it takes. Where the work of a JVM of its own looks whether it is to stop, in the
 * middle of everything, it collects: the most that a collection leaves, less what it left before the work, is the peak. Of all these places
 * about sixty are taken, the same ones each time, so that the reading is the same each time too.
 */
final class PeakHeap {

    static final double MIB = 1L << 20;

    private static final int LOOKS = 60;
    private static final List<MemoryPoolMXBean> POOLS = ManagementFactory.getMemoryPoolMXBeans();

    private PeakHeap() {}

    /** What was said and what was found, in MiB. */
    record Reading(double said, double peak) {
        double ratio() {
            return said / peak;
        }
    }

    /**
     * Measures pairs, one after the other.
     *
     * @param threads 1: the calling thread alone; else it and others that help
     */
    static List<Reading> of(List<MemoryBenchmark.Pair> pairs, int threads) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                PeakHeap.class.getName(),
                String.valueOf(threads)));
        for (MemoryBenchmark.Pair pair : pairs) {
            command.add(pair.prediction().toString());
            command.add(pair.reference().toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        List<Reading> readings = new ArrayList<>();
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(MARK)) {
                    String[] numbers = line.substring(MARK.length()).split(" ", -1);
                    readings.add(new Reading(Long.parseLong(numbers[0]) / MIB, Long.parseLong(numbers[1]) / MIB));
                }
            }
        }
        if (process.waitFor() != 0 || readings.size() != pairs.size()) {
            throw new IOException("measured " + readings.size() + " of " + pairs.size() + " pairs");
        }
        return readings;
    }

    private static final String MARK = "said and peak ";

    /** @param arguments threads, then prediction and reference of each pair */
    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[0]);
        // The calling thread, and those that help it.
        try (ForkJoinPool helpers = new ForkJoinPool(Math.max(1, threads - 1))) {
            Scorer scorer = threads == 1 ? Scorer.standard() : Scorer.standard().withPool(helpers);
            // Once before, so that what is loaded and kept for good is not counted.
            score(scorer, Path.of(arguments[1]), Path.of(arguments[2]), CancelSignal.none());
            for (int i = 1; i + 1 < arguments.length; i += 2) {
                measure(scorer, Path.of(arguments[i]), Path.of(arguments[i + 1]));
            }
        }
    }

    private static void measure(Scorer scorer, Path prediction, Path reference) throws Exception {
        AtomicLong places = new AtomicLong();
        long said = score(scorer, prediction, reference, CancelSignal.watching(places::incrementAndGet));
        long every = Math.max(1, places.get() / LOOKS);
        long before = inUse();
        AtomicLong place = new AtomicLong();
        AtomicLong most = new AtomicLong();
        score(scorer, prediction, reference, CancelSignal.watching(() -> {
            if (place.incrementAndGet() % every == 0) {
                most.accumulateAndGet(inUse(), Math::max);
            }
        }));
        System.out.println(MARK + said + " " + (most.get() - before));
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
