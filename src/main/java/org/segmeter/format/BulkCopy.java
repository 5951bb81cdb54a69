package org.segmeter.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.segmeter.volume.InputException;

/** Brings a larger piece of a file's content into an array. */
@FunctionalInterface
public interface BulkCopy {

    /** From wherever the content lies. */
    BulkCopy IN_MEMORY = (content, from, into, at, length) ->
            MemorySegment.copy(content, ValueLayout.JAVA_BYTE, from, into, at, length);

    /**
     * @param content a file, or a part of it
     * @param from offset in the content, in bytes
     * @param into receives the bytes from index {@code at} on
     * @param length bytes to copy, all within the content
     * @throws InputException if the file has become shorter than it was
     */
    void copy(MemorySegment content, long from, byte[] into, int at, int length) throws InputException;
}
