package org.segmeter.format.gzip;

import java.lang.foreign.MemorySegment;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** Raw DEFLATE data (RFC 1951), as in a zip entry. */
public final class DeflateSource implements ByteSource, AutoCloseable {

    private final MemorySegment content;
    private final DeflateDecoder decoder;
    private boolean ended;

    public DeflateSource(MemorySegment content) {
        this.content = content;
        this.decoder = new JdkDeflateDecoder(content);
        decoder.start(0);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws InputException {
        int n = 0;
        try {
            while (n < length && !ended) {
                int more = decoder.decode(into, offset + n, length - n);
                ended = more < 0;
                n += Math.max(more, 0);
            }
            return n;
        } catch (DeflateDecoder.DamagedException e) {
            throw new InputException(
                    e.truncated ? InputProblem.TRUNCATED : InputProblem.CHECKSUM_MISMATCH,
                    e.truncated ? "The compressed data ends too early." : "The compressed data is damaged.",
                    content.byteSize() + " bytes of DEFLATE",
                    "a whole DEFLATE stream");
        }
    }

    @Override
    public long atMost() {
        return GzipSource.atMost(content.byteSize());
    }

    @Override
    public void close() {
        decoder.close();
    }
}
