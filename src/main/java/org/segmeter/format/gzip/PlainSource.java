package org.segmeter.format.gzip;

import java.lang.foreign.MemorySegment;
import org.segmeter.format.BulkCopy;
import org.segmeter.volume.InputException;

/** Content as it lies in memory. */
public final class PlainSource implements ByteSource {

    private final MemorySegment content;
    private final BulkCopy bulk;
    private long position;

    public PlainSource(MemorySegment content) {
        this(content, BulkCopy.IN_MEMORY);
    }

    /** @param bulk that brings pieces of the content into arrays */
    public PlainSource(MemorySegment content, BulkCopy bulk) {
        this.content = content;
        this.bulk = bulk;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws InputException {
        int n = (int) Math.min(length, content.byteSize() - position);
        bulk.copy(content, position, into, offset, n);
        position += n;
        return n;
    }

    @Override
    public long atMost() {
        return content.byteSize();
    }
}
