package org.segmeter.benchmark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The machine that a benchmark runs on, for the line above its table. */
final class Machine {

    private static final double GIB = 1L << 30;

    private Machine() {}

    /** Processors by their name, memory, and the virtual machine. */
    static String name() {
        long memory =
                ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean own
                        ? own.getTotalMemorySize()
                        : 0;
        return "%d processors (%s), %.0f GiB, JDK %s"
                .formatted(Runtime.getRuntime().availableProcessors(), processor(), memory / GIB, Runtime.version());
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
