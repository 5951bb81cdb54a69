package org.segmeter.format.gzip;

import org.segmeter.volume.InputException;

/** Content that is read once from its beginning to its end. */
public interface ByteSource {

    /**
     * Reads as many bytes as asked for; fewer only if the content ends before.
     *
     * @return number of bytes read, 0 at the end
     * @throws InputException if the content is damaged
     */
    int read(byte[] into, int offset, int length) throws InputException;

    /** No more than so many bytes can come out, counted from the beginning; not an estimate but a bound. */
    long atMost();

    /** Things worth telling that do not make the content unusable; complete once everything was read. */
    default String notice() {
        return "";
    }
}
