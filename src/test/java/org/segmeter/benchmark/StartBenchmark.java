package org.segmeter.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.segmeter.process.JarProcess;
import org.springframework.util.FileSystemUtils;

/**
 * How long {@code score} of a 64^3 pair takes from a cold virtual machine, by the launcher and by the bare jar, beside
 * {@code java -version}, in turns; and how long the service takes to be ready, by the bare jar and by the launcher with its recording. Run by {@code docs/benchmarks.md}, "Command line".
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
                    "%s, medians of %d rounds%n%n| start | s | over java -version |%n| --- | --- | --- |%n",
                    Machine.name(),
                    rounds);
            row("launcher, score of a 64^3 pair", median(times[0]), version);
            row("launcher, first use", first, version);
            row("java -jar, score of a 64^3 pair", median(times[1]), version);
            row("java -version", version, version);
            System.out.printf(
                    Locale.ROOT,
                    "%n| service, embedded database | ready after s | processor s |%n| --- | --- | --- |%n");
            int starts = Math.max(3, rounds / 4);
            service("java -jar", starts, data -> JarProcess.start(data, List.of("-Xmx512m")));
            if (JarProcess.prepare(directory) != 0) {
                throw new IllegalStateException("the launcher cannot record");
            }
            service("launcher", starts, data -> JarProcess.launch(data, directory));
        } finally {
            FileSystemUtils.deleteRecursively(directory);
        }
    }

    private static void row(String name, double seconds, double version) {
        System.out.printf(Locale.ROOT, "| %s | %.2f | %.1f |%n", name, seconds, seconds / version);
    }

    private interface Start {
        JarProcess on(Path data) throws IOException;
    }

    /** The service from its start to its first "ready", and the processor time of its process until then. */
    private static void service(String name, int rounds, Start start) throws Exception {
        Path data = Files.createTempDirectory("segmeter-service");
        try {
            double[] ready = new double[rounds];
            double[] processor = new double[rounds];
            for (int round = -1; round < rounds; round++) {
                long begin = System.nanoTime();
                try (JarProcess service = start.on(data).awaitReady(Duration.ofSeconds(120))) {
                    double seconds = (System.nanoTime() - begin) / 1e9;
                    double used = ProcessHandle.of(service.pid())
                                    .flatMap(process -> process.info().totalCpuDuration())
                                    .orElse(Duration.ZERO)
                                    .toMillis()
                            / 1e3;
                    if (round < 0) {
                        System.out.printf(
                                Locale.ROOT, "| %s, new data directory | %.1f | %.1f |%n", name, seconds, used);
                    } else {
                        ready[round] = seconds;
                        processor[round] = used;
                    }
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "| %s, again, median of %d | %.1f | %.1f |%n",
                    name,
                    rounds,
                    median(ready),
                    median(processor));
        } finally {
            FileSystemUtils.deleteRecursively(data);
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
