package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import org.segmeter.volume.InputException;

/**
 * The bytes of a data set, read once from front to back. What is kept can be looked at afterwards, by its offset in
 * {@link #kept()}; nothing is allocated for a length before that many bytes have been seen.
 */
sealed interface DicomInput permits MappedInput, InflatedInput {

    /** Bytes consumed so far, counted from the start of the part. */
    long position();

    /** True if at least n more bytes can be read. For compressed input n is small (a header). */
    boolean has(int n) throws InputException;

    default boolean atEnd() throws InputException {
        return !has(1);
    }

    /** The unsigned byte at a distance from the position, which {@link #has} has promised. */
    int peek(int distance);

    /** Moves on by n bytes. */
    void skip(long n) throws InputException;

    /** Moves on by n bytes and keeps them. @return their offset in {@link #kept()} */
    long keep(long n) throws InputException;

    /** All kept bytes; valid until the next {@link #keep}. */
    MemorySegment kept();

    default int peek16(int distance, boolean bigEndian) {
        int a = peek(distance);
        int b = peek(distance + 1);
        return bigEndian ? a << 8 | b : b << 8 | a;
    }

    default int peek32(int distance, boolean bigEndian) {
        int a = peek16(distance, bigEndian);
        int b = peek16(distance + 2, bigEndian);
        return bigEndian ? a << 16 | b : b << 16 | a;
    }

    /** A tag at the position. */
    default int peekTag(boolean bigEndian) {
        return peek16(0, bigEndian) << 16 | peek16(2, bigEndian);
    }
}
