package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;

/** Where the pixel data of an object lies. */
sealed interface PixelData {

    /**
     * Native pixel data: frames one after another without padding between them.
     *
     * @param bytes the value
     * @param bigEndianWords whether words of 16 bits are stored with the high byte first
     */
    record Native(MemorySegment bytes, boolean bigEndianWords) implements PixelData {}

    /**
     * Encapsulated pixel data (PS3.5 A.4).
     *
     * @param source what the offsets count in
     * @param fragments offset and length of each fragment in turn, without the basic offset table
     * @param basicOffsets the basic offset table, 32-bit little endian numbers; empty if there is none
     */
    record Encapsulated(MemorySegment source, long[] fragments, MemorySegment basicOffsets) implements PixelData {

        int count() {
            return fragments.length / 2;
        }

        MemorySegment fragment(int i) {
            return source.asSlice(fragments[2 * i], fragments[2 * i + 1]);
        }
    }
}
