package org.segmeter.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The peak of the heap that scoring a pair or reading a file needs, as a fact and not as a sample: the smallest -Xmx with which a JVM of its own gets
 * through. What the JVM and the engine's classes take is in it.
 */
public final class SmallestHeap {

    private SmallestHeap() {}

    /** The smallest heap in MiB with which a JVM scores the pair under a protocol; found by halving, to within 3 %. */
    public static double mib(Path prediction, Path reference, String protocol, int threads)
            throws IOException, InterruptedException {
        return mib(ScoreOnce.class, threads, prediction.toString(), reference.toString(), protocol);
    }

    /** The smallest heap in MiB with which a JVM reads a file to masks, on one thread. */
    static double mibToRead(Path file) throws IOException, InterruptedException {
        return mib(ReadOnce.class, 1, file.toString());
    }

    private static double mib(Class<?> program, int threads, String... arguments)
            throws IOException, InterruptedException {
        double low = 4;
        double high = 32;
        while (!succeeds(high, program, threads, arguments)) {
            low = high;
            high *= 2;
            if (high > 16_384) {
                throw new IllegalStateException(program.getSimpleName() + " failed with a heap of 16 GiB");
            }
        }
        while (high - low > Math.max(1, 0.03 * high)) {
            double middle = (low + high) / 2;
            if (succeeds(middle, program, threads, arguments)) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return high;
    }

    /** Whether a JVM with this heap gets through. */
    static boolean succeeds(double mib, Class<?> program, int threads, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmn2m",
                "-XX:TieredStopAtLevel=1",
                "-XX:ActiveProcessorCount=" + threads,
                "-Xmx" + (long) (mib * 1024) + "k",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return false;
        }
        return process.exitValue() == 0;
    }
}
