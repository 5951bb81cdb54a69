package org.segmeter.format.dicom;

import org.segmeter.volume.InputException;

/**
 * Decodes the frames of a compressed transfer syntax. Implementations are found by {@link java.util.ServiceLoader}, so that a
 * build with native or third-party codecs adds its own; they have no state and are used by several threads.
 */
public interface FrameDecoder {

    /** True if frames of this Transfer Syntax UID can be decoded. */
    boolean decodes(String transferSyntaxUid);

    /**
     * Decodes one frame of single-sample pixels, unsigned or in two's complement.
     *
     * @param transferSyntaxUid one for which {@link #decodes} says true
     * @param encoded the frame's code stream, complete
     * @param rows rows that the object declares; a stream of another size is refused
     * @param columns columns that the object declares
     * @param bitsAllocated 8 or 16
     * @param pixels receives {@code rows * columns} pixels of one or two bytes, little endian, row by row
     * @throws InputException if the stream is malformed; nothing else is thrown for any bytes whatever
     */
    void decode(String transferSyntaxUid, byte[] encoded, int rows, int columns, int bitsAllocated, byte[] pixels)
            throws InputException;
}
