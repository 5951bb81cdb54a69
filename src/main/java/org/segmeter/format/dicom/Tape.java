package org.segmeter.format.dicom;

import java.util.Arrays;
import org.segmeter.volume.InputException;

/**
 * The kept elements of a data set in document order, three longs each, so that the functional groups of a hundred thousand
 * frames are one array and not a million objects.
 *
 * <p>Entry i: tag, value representation and flags, the offset of its value, and its length; for a sequence or item, in place of the length, the index
 * of the first entry after everything inside it.
 */
final class Tape {

    static final int SEQUENCE = 1;
    static final int ITEM = 2;
    static final int BIG_ENDIAN = 4;

    private static final int STRIDE = 3;

    private final int maximum;
    private long[] entries = new long[STRIDE * 64];
    private int count;

    /** @param maximum more elements are refused */
    Tape(int maximum) {
        this.maximum = maximum;
    }

    /** @throws InputException if there are more elements than any object has */
    int add(int tag, int flags, long offset, long length) throws InputException {
        if (count == maximum) {
            throw Refusal.tooLarge(
                    "The data set has more elements than any segmentation needs.",
                    "more than " + maximum + " elements that matter",
                    "at most " + maximum);
        }
        if (count * STRIDE == entries.length) {
            entries = Arrays.copyOf(entries, entries.length * 2);
        }
        int at = count * STRIDE;
        entries[at] = (long) tag << 32 | flags;
        entries[at + 1] = offset;
        entries[at + 2] = length;
        return count++;
    }

    /** Ends the sequence or item: what is added from now on is not inside it. */
    void close(int entry) {
        entries[entry * STRIDE + 2] = count;
    }

    int count() {
        return count;
    }

    int tag(int entry) {
        return (int) (entries[entry * STRIDE] >>> 32);
    }

    boolean is(int entry, int flag) {
        return (entries[entry * STRIDE] & flag) != 0;
    }

    /** The value representation, two letters; 0 where the data set does not say it. */
    int vr(int entry) {
        return (int) entries[entry * STRIDE] >>> 16;
    }

    long offset(int entry) {
        return entries[entry * STRIDE + 1];
    }

    /** Bytes of a value that is neither sequence nor item. */
    long length(int entry) {
        return entries[entry * STRIDE + 2];
    }

    /** The entry after this one and everything inside it. */
    int next(int entry) {
        return is(entry, SEQUENCE | ITEM) ? (int) entries[entry * STRIDE + 2] : entry + 1;
    }
}
