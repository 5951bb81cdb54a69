package org.segmeter.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.segmeter.process.JarProcess;
import org.springframework.util.FileSystemUtils;

/**
 * How long {@code score} of a 64^3 pair takes from a cold virtual machine, by the launcher and by the bare jar, beside
 * {@code java -version}, in turns. Run by {@code docs/benchmarks.md}, "Command line".
 */
public final class StartBenchmark {

    private StartBenchmark() {}

    /** @param arguments how many rounds; 21 if not given */
    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 21;
        Path directory = Files.createTempDirectory("segmeter-start");
        try {
            String prediction = Files.write(directory.resolve("prediction.nii.gz"), SubmissionBenchmark.ball(1))
                    .toString();
            String reference = Files.write(directory.resolve("reference.nii.gz"), SubmissionBenchmark.ball(2))
                    .toString();
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            Path jar = JarProcess.jar();
            List<String> launcher = List.of(jar.resolveSibling("segmeter").toString(), "score", prediction, reference);
            List<String> bare = List.of(java, "-jar", jar.toString(), "score", prediction, reference);
            List<String> floor = List.of(java, "-version");
            double first = seconds(launcher, directory);
            double[][] times = new double[3][rounds];
            for (int round = 0; round < rounds; round++) {
                times[0][round] = seconds(launcher, directory);
                times[1][round] = seconds(bare, directory);
                times[2][round] = seconds(floor, directory);
            }
            double version = median(times[2]);
            System.out.printf(
                    Locale.ROOT,
                    "%d rounds, medians: launcher %.3f s (%.1f x java -version; first use %.1f s), java -jar %.3f s (%.1f x),"
                            + " java -version %.3f s%n",
                    rounds,
                    median(times[0]),
                    median(times[0]) / version,
                    first,
                    median(times[1]),
                    median(times[1]) / version,
                    version);
        } finally {
            FileSystemUtils.deleteRecursively(directory);
        }
    }

    private static double seconds(List<String> command, Path cache) throws IOException, InterruptedException {
        ProcessBuilder process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        process.environment().put("XDG_CACHE_HOME", cache.toString());
        process.environment().put("JAVA_HOME", System.getProperty("java.home"));
        long begin = System.nanoTime();
        int status = process.start().waitFor();
        double seconds = (System.nanoTime() - begin) / 1e9;
        if (status != 0) {
            throw new IllegalStateException(command + " ended with status " + status);
        }
        return seconds;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
