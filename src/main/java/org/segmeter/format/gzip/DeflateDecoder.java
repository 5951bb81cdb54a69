package org.segmeter.format.gzip;

/** Decodes raw DEFLATE data (RFC 1951). */
interface DeflateDecoder extends AutoCloseable {

    /** Begins anew at a position of the content. */
    void start(long position);

    /**
     * @return number of bytes decoded, at least 1, or -1 after the end of the DEFLATE data
     * @throws DamagedException if the data is no DEFLATE or ends too early
     */
    int decode(byte[] into, int offset, int length) throws DamagedException;

    /** After the end: the position of the first byte that is not part of the DEFLATE data. */
    long position();

    @Override
    void close();

    /** What is wrong with the data. */
    final class DamagedException extends Exception {
        final boolean truncated;
        final long position;

        DamagedException(boolean truncated, long position) {
            super(null, null, false, false);
            this.truncated = truncated;
            this.position = position;
        }
    }
}
