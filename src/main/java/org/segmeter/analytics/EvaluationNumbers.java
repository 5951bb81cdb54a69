package org.segmeter.analytics;

import java.util.Arrays;
import java.util.UUID;

/** Ids of evaluations, each with its number from 0 on in the order in which they came; 32 to 40 bytes for each. */
final class EvaluationNumbers {

    /** Where an id is not there. */
    static final int NONE = -1;

    private static final int FIRST_SLOTS = 1 << 11;

    private long[] high = new long[FIRST_SLOTS / 2];
    private long[] low = new long[FIRST_SLOTS / 2];
    /** A number and 1, or 0; as many as twice the ids at least, a power of two. */
    private int[] slots = new int[FIRST_SLOTS];

    private int size;

    int size() {
        return size;
    }

    long bytes() {
        return 8L * (high.length + low.length) + 4L * slots.length;
    }

    /** The number of an id that was not there; {@link #NONE} if it was. */
    int add(UUID id) {
        if (size == high.length) {
            grow();
        }
        int slot = slot(id.getMostSignificantBits(), id.getLeastSignificantBits());
        if (slots[slot] != 0) {
            return NONE;
        }
        high[size] = id.getMostSignificantBits();
        low[size] = id.getLeastSignificantBits();
        slots[slot] = size + 1;
        return size++;
    }

    /** The id that has a number. */
    UUID id(int number) {
        return new UUID(high[number], low[number]);
    }

    int of(UUID id) {
        return slots[slot(id.getMostSignificantBits(), id.getLeastSignificantBits())] - 1;
    }

    /** Where the id is, or would be. */
    private int slot(long h, long l) {
        int mask = slots.length - 1;
        long mixed = (h ^ Long.rotateLeft(l, 32)) * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 33) & mask;
        while (slots[slot] != 0 && (high[slots[slot] - 1] != h || low[slots[slot] - 1] != l)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void grow() {
        high = Arrays.copyOf(high, 2 * size);
        low = Arrays.copyOf(low, 2 * size);
        slots = new int[2 * slots.length];
        for (int i = 0; i < size; i++) {
            slots[slot(high[i], low[i])] = i + 1;
        }
    }
}
