package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.segmeter.volume.InputException;

/** A data set that lies in memory as it is: keeping costs nothing. */
final class MappedInput implements DicomInput {

    private final MemorySegment bytes;
    private final long size;
    private long position;

    MappedInput(MemorySegment bytes, long start) {
        this.bytes = bytes;
        this.size = bytes.byteSize();
        this.position = start;
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public boolean has(int n) {
        return size - position >= n;
    }

    @Override
    public int peek(int distance) {
        return bytes.get(ValueLayout.JAVA_BYTE, position + distance) & 0xFF;
    }

    @Override
    public void skip(long n) throws InputException {
        if (n > size - position) {
            throw Refusal.truncated(size, n + " bytes of a value at offset " + position);
        }
        position += n;
    }

    @Override
    public long keep(long n) throws InputException {
        long at = position;
        skip(n);
        return at;
    }

    @Override
    public MemorySegment kept() {
        return bytes;
    }
}
