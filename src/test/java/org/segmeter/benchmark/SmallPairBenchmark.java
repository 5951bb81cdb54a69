package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.segmeter.format.ReadOptions;
import org.segmeter.format.SegmentationReader;
import org.segmeter.scoring.Protocol;
import org.segmeter.scoring.Protocols;
import org.segmeter.scoring.Scorecard;
import org.segmeter.scoring.ScorecardJson;
import org.segmeter.scoring.Scorer;
import org.segmeter.scoring.ScoringInput;
import org.segmeter.scoring.ScoringOptions;
import org.segmeter.scoring.ScoringProgress;
import org.segmeter.volume.CancelSignal;
import org.springframework.util.FileSystemUtils;

/**
 * What the engine alone takes for a pair of 64^3: processor time of the process (its helpers and the JIT compiler included) and of the
 * calling thread, in rounds from the first pair on, by what is done: decode, score, write. {@code main [PAIRS] [ROUNDS] [PROTOCOL|five]}: the
 * pairs are those of the benchmarks of batches and of the service. Run by {@code docs/benchmarks.md}, "Small pairs".
 */
public final class SmallPairBenchmark {

    private SmallPairBenchmark() {}

    public static void main(String[] arguments) throws Exception {
        int pairs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 200;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        String name = arguments.length > 2 ? arguments[2] : ScoringOptions.DEFAULT_PROTOCOL;
        Path folder = Files.createTempDirectory("segmeter-benchmark");
        try {
            run(folder, pairs, rounds, name);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private static ScoringInput input(Path file, long seed) throws Exception {
        return new ScoringInput(List.of(Files.write(file, SubmissionBenchmark.ball(seed))), List.of("0".repeat(64)));
    }

    private static void run(Path folder, int pairs, int rounds, String name) throws Exception {
        List<ScoringInput> predictions = new ArrayList<>();
        List<ScoringInput> references = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            predictions.add(input(folder.resolve("p" + i + ".nii.gz"), i));
            references.add(input(folder.resolve("r" + i + ".nii.gz"), i + 1_000_000));
        }
        Protocols known = Protocols.builtIn();
        String id = name;
        if (name.equals("five")) {
            Protocol five = Protocol.parse(BatchBenchmark.SAME_METRICS);
            known = known.with(List.of(five));
            id = five.id();
        }
        Scorer scorer = Scorer.standard().withProtocols(known);
        ScoringOptions options = ScoringOptions.defaults().withProtocols(List.of(id));
        SegmentationReader reader = SegmentationReader.standard();
        CancelSignal never = CancelSignal.none();
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = 0;
        System.out.printf(
                Locale.ROOT,
                "%d pairs of 64^3, %s; ms a pair: process, calling thread (decoding, scoring, writing), on the clock;"
                        + " KiB allocated%n",
                pairs,
                id);
        for (int round = 0; round < rounds; round++) {
            long compiled = compiler.getTotalCompilationTime();
            long process = system.getProcessCpuTime();
            long allocated = threads.getCurrentThreadAllocatedBytes();
            long clock = System.nanoTime();
            long start = threads.getCurrentThreadCpuTime();
            long decoding = 0;
            long writing = 0;
            for (int i = 0; i < pairs; i++) {
                // Decoded once more by itself: what of scoring is decoding.
                long before = threads.getCurrentThreadCpuTime();
                reader.readFiles(predictions.get(i).files(), ReadOptions.defaults());
                reader.readFiles(references.get(i).files(), ReadOptions.defaults());
                decoding += threads.getCurrentThreadCpuTime() - before;
                Scorecard card =
                        scorer.score(predictions.get(i), references.get(i), options, ScoringProgress.NONE, never);
                before = threads.getCurrentThreadCpuTime();
                bytes += ScorecardJson.write(card).length();
                writing += threads.getCurrentThreadCpuTime() - before;
            }
            double all = threads.getCurrentThreadCpuTime() - start;
            System.out.printf(
                    Locale.ROOT,
                    "%3d   %6.2f  %6.2f (%5.2f twice, %5.2f, %5.2f)  %6.2f   %7d   compiler %5d ms%n",
                    round + 1,
                    (system.getProcessCpuTime() - process) / 1e6 / pairs,
                    all / 1e6 / pairs,
                    decoding / 1e6 / pairs,
                    (all - 2 * decoding - writing) / 1e6 / pairs,
                    writing / 1e6 / pairs,
                    (System.nanoTime() - clock) / 1e6 / pairs,
                    (threads.getCurrentThreadAllocatedBytes() - allocated) / 1024 / pairs,
                    compiler.getTotalCompilationTime() - compiled);
        }
        if (bytes == 0) {
            throw new IllegalStateException("nothing was scored");
        }
    }
}
