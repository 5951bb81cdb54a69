package org.segmeter.volume;

import java.util.stream.IntStream;

/**
 * The parts of a piece of work: on several threads where there is so much of it that handing parts over is worth its cost, on the calling
 * thread where there is little. A batch of small volumes has enough to do for every thread as it is.
 */
public final class Parts {

    /** Reading so many words takes a good part of a millisecond; waking a thread and waiting for it some hundredths, on both. */
    private static final long LEAST_WORDS = 1 << 18;

    private Parts() {}

    /**
     * The numbers from 0 to before n, in order or in parallel on the fork-join pool of the calling thread or the common one. What is done
     * for them must not depend on the order.
     *
     * @param words of 64 bits that are looked at for all of them together, or work that takes as long: about a nanosecond each
     */
    public static IntStream of(int n, long words) {
        IntStream parts = IntStream.range(0, n);
        return words < LEAST_WORDS ? parts : parts.parallel();
    }
}
