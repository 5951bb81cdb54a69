package org.segmeter.format.gzip;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Content as it lies in memory. */
public final class PlainSource implements ByteSource {

    private final MemorySegment content;
    private long position;

    public PlainSource(MemorySegment content) {
        this.content = content;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        int n = (int) Math.min(length, content.byteSize() - position);
        MemorySegment.copy(content, ValueLayout.JAVA_BYTE, position, into, offset, n);
        position += n;
        return n;
    }

    @Override
    public long atMost() {
        return content.byteSize();
    }
}
