package org.segmeter.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Processor time of processes in seconds, user and system, as Linux counts it in {@code /proc/PID/stat} (proc(5)); 0 where there is no such
 * file. What a process that ended has used, and had taken over from its own, counts for whoever waited for it.
 */
final class ProcessorTime {

    /** USER_HZ: the unit of these fields, the same on all architectures that the service runs on. */
    private static final double TICKS_PER_SECOND = 100;

    /** Fields 14 to 17 counted from the state, field 3, which is the first after the name. */
    private static final int USER = 11;

    private static final int USER_OF_ENDED = 13;

    private ProcessorTime() {}

    /** Of this process alone. */
    static double own() {
        return ticks(ProcessHandle.current().pid(), USER) / TICKS_PER_SECOND;
    }

    /** Of the processes that this one started and that have ended. */
    static double ofEnded() {
        return ticks(ProcessHandle.current().pid(), USER_OF_ENDED) / TICKS_PER_SECOND;
    }

    /** Of a process and all that descend from it, the ended ones that it waited for among them. */
    static double ofTree(long pid) {
        return ProcessHandle.of(pid)
                        .map(root -> java.util.stream.Stream.concat(
                                        java.util.stream.Stream.of(root), root.descendants())
                                .mapToLong(one -> ticks(one.pid(), USER) + ticks(one.pid(), USER_OF_ENDED))
                                .sum())
                        .orElse(0L)
                / TICKS_PER_SECOND;
    }

    /** The sum of user and system time from the field given on. */
    private static long ticks(long pid, int field) {
        try {
            String stat = Files.readString(Path.of("/proc", String.valueOf(pid), "stat"));
            // The name may hold blanks and parentheses.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return Long.parseLong(fields[field]) + Long.parseLong(fields[field + 1]);
        } catch (IOException e) {
            return 0;
        }
    }
}
