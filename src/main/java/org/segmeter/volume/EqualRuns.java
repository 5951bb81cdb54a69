package org.segmeter.volume;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds the runs of equal elements in raw voxel bytes, eight bytes at a time, without knowing what an element means: equal
 * bits are equal values, so a type, a byte order and a scaling need to be applied once per run instead of once per voxel.
 */
public final class EqualRuns {

    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
            .withInvokeExactBehavior();

    private EqualRuns() {}

    /** Receives a run. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param bits the element as if stored in little-endian order, in the low bytes, not sign-extended
         * @param from number of the first voxel of the run
         * @param to one past the last voxel
         */
        void run(long bits, long from, long to) throws InputException;
    }

    /**
     * @param bytes holds the elements
     * @param offset where the first one begins, in bytes
     * @param count number of elements
     * @param width bytes of an element: 1, 2, 4 or 8
     * @param firstVoxel number that the first element has for the sink
     * @param zeros false if runs of all-zero elements are to be skipped without a call
     */
    public static void forEach(
            byte[] bytes, int offset, int count, int width, long firstVoxel, boolean zeros, Sink sink)
            throws InputException {
        int shift = Integer.numberOfTrailingZeros(width);
        if (width > 8 || 1 << shift != width) {
            throw new IllegalArgumentException("an element has 1, 2, 4 or 8 bytes, not " + width);
        }
        int end = Math.addExact(offset, Math.multiplyExact(count, width));
        long ones = broadcastOfOne(width);
        int i = offset;
        while (i < end) {
            if (!zeros) {
                i = endOfRun(bytes, i, end, width, 0);
                if (i == end) {
                    return;
                }
            }
            long element = element(bytes, i, width);
            int j = endOfRun(bytes, i + width, end, width, element * ones);
            sink.run(element, firstVoxel + (i - offset >> shift), firstVoxel + (j - offset >> shift));
            i = j;
        }
    }

    /** The first element from i on that differs from the pattern, or the end. */
    private static int endOfRun(byte[] bytes, int i, int end, int width, long pattern) {
        int at = i;
        while (at <= end - Long.BYTES) {
            long difference = (long) WORD.get(bytes, at) ^ pattern;
            if (difference != 0) {
                return at + (Long.numberOfTrailingZeros(difference) >>> 3 & -width);
            }
            at += Long.BYTES;
            // A run that outlasts a word is mostly long: four words in one comparison.
            while (at <= end - 4 * Long.BYTES
                    && ((long) WORD.get(bytes, at) ^ pattern
                                    | (long) WORD.get(bytes, at + 8) ^ pattern
                                    | (long) WORD.get(bytes, at + 16) ^ pattern
                                    | (long) WORD.get(bytes, at + 24) ^ pattern)
                            == 0) {
                at += 4 * Long.BYTES;
            }
        }
        while (at < end && element(bytes, at, width) == (pattern & mask(width))) {
            at += width;
        }
        return at;
    }

    private static long element(byte[] bytes, int at, int width) {
        if (width == Long.BYTES) {
            return (long) WORD.get(bytes, at);
        }
        long element = 0;
        for (int b = width - 1; b >= 0; b--) {
            element = element << 8 | bytes[at + b] & 0xff;
        }
        return element;
    }

    private static long mask(int width) {
        return -1L >>> 64 - 8 * width;
    }

    private static long broadcastOfOne(int width) {
        return switch (width) {
            case 1 -> 0x0101010101010101L;
            case 2 -> 0x0001000100010001L;
            case 4 -> 0x0000000100000001L;
            default -> 1;
        };
    }
}
