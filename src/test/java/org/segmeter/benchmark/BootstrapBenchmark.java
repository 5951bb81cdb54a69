package org.segmeter.benchmark;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.segmeter.analytics.statistics.Bootstrap;
import org.segmeter.analytics.statistics.Interval;

/**
 * BCa intervals with 10,000 resamples of all groups of a million values, as an overview makes them: {@code main [VALUES] [ROUNDS]}. Run by
 * {@code docs/benchmarks.md}, "Statistics".
 */
public final class BootstrapBenchmark {

    private BootstrapBenchmark() {}

    public static void main(String[] arguments) {
        int values = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 9;
        System.out.println("| groups | values each | ms, median | most | ms of processor, each |");
        System.out.println("|---|---|---|---|---|");
        for (int groups : new int[] {1, 12, 100, 1_000}) {
            List<double[]> all = groups(values, groups);
            double[] ms = new double[rounds];
            long before = processor();
            for (int round = 0; round < rounds; round++) {
                int seed = round;
                long begin = System.nanoTime();
                List<Interval> intervals = all.parallelStream()
                        .map(group -> Bootstrap.mean(group, 0.95, seed))
                        .toList();
                ms[round] = (System.nanoTime() - begin) / 1e6;
                if (intervals.stream().anyMatch(one -> one.method() != Interval.Method.BCA)) {
                    throw new IllegalStateException("another method");
                }
            }
            Arrays.sort(ms);
            System.out.printf(
                    Locale.ROOT,
                    "| %d | %d | %.0f | %.0f | %.0f |%n",
                    groups,
                    values / groups,
                    ms[rounds / 2],
                    ms[rounds - 1],
                    (processor() - before) / 1e6 / rounds);
        }
    }

    private static long processor() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static List<double[]> groups(int values, int groups) {
        Random random = new Random(1);
        return Stream.generate(() -> IntStream.range(0, values / groups)
                        .mapToDouble(i -> random.nextInt(20) == 0 ? 0 : 1 - 0.2 * Math.abs(random.nextGaussian()))
                        .toArray())
                .limit(groups)
                .toList();
    }
}
