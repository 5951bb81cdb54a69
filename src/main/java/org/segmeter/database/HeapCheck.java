package org.segmeter.database;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Whether the heap fits into the memory that the machine or container has: else the kernel ends the service when it needs it. */
final class HeapCheck {

    private static final long MIB = 1L << 20;

    private HeapCheck() {}

    /** Bytes of memory of this machine, or of this container if it has less. */
    static long memory() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    /**
     * @param heap largest size of the heap in bytes
     * @param memory in bytes; 0 if not known
     * @throws StartRefused if the heap may grow larger than the memory
     */
    static void verify(long heap, long memory) {
        if (memory > 0 && heap > memory) {
            throw new StartRefused("-Xmx allows a heap of %d MiB, and there are %d MiB of memory; lower it, or set"
                            .formatted(heap / MIB, memory / MIB)
                    + " -XX:MaxRAMPercentage=60 instead");
        }
    }
}
