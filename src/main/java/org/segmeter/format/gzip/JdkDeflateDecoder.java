package org.segmeter.format.gzip;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** {@link java.util.zip}: everywhere there, and the one that decides what is damaged. */
final class JdkDeflateDecoder implements DeflateDecoder {

    private final MemorySegment content;
    private final Inflater inflater = new Inflater(true);
    private final byte[] input;
    private long fed;

    JdkDeflateDecoder(MemorySegment content) {
        this.content = content;
        this.input = new byte[(int) Math.min(1 << 16, content.byteSize())];
    }

    @Override
    public void start(long position) {
        inflater.reset();
        fed = position;
    }

    @Override
    public int decode(byte[] into, int offset, int length) throws DamagedException {
        try {
            while (true) {
                int n = inflater.inflate(into, offset, length);
                if (n > 0) {
                    return n;
                }
                if (inflater.finished()) {
                    return -1;
                }
                if (inflater.needsDictionary()) {
                    throw new DamagedException(false, position());
                }
                int more = (int) Math.min(input.length, content.byteSize() - fed);
                if (more == 0) {
                    throw new DamagedException(true, position());
                }
                MemorySegment.copy(content, ValueLayout.JAVA_BYTE, fed, input, 0, more);
                inflater.setInput(input, 0, more);
                fed += more;
            }
        } catch (DataFormatException e) {
            throw new DamagedException(false, position());
        }
    }

    @Override
    public long position() {
        return fed - inflater.getRemaining();
    }

    @Override
    public void close() {
        inflater.end();
    }
}
