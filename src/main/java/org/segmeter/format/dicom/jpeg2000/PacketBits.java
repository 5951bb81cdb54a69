package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/** The bits of packet headers (T.800 B.10.1): after a byte FF the next one has seven. */
final class PacketBits {

    private final byte[] data;
    private int position;
    private int current;
    private int left;

    PacketBits(byte[] data) {
        this.data = data;
    }

    /** The next byte that no header has consumed; whole bytes only between headers. */
    int position() {
        return position;
    }

    int remaining() {
        return data.length - position;
    }

    void skip(int bytes) throws InputException {
        if (bytes > remaining()) {
            throw ended();
        }
        position += bytes;
    }

    boolean nextIs(int marker) {
        return remaining() >= 2 && data[position] == (byte) (marker >> 8) && data[position + 1] == (byte) marker;
    }

    int bit() throws InputException {
        if (left == 0) {
            if (position >= data.length) {
                throw ended();
            }
            boolean stuffed = current == 0xFF;
            current = data[position++] & 0xFF;
            left = stuffed ? 7 : 8;
            if (stuffed && current > 0x7F) {
                throw Codestream.malformed("a marker stands inside a packet header", "FF%02X".formatted(current));
            }
        }
        left--;
        return current >> left & 1;
    }

    int bits(int count) throws InputException {
        int value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 1 | bit();
        }
        return value;
    }

    /** The end of a header, which is never a byte FF. */
    void align() throws InputException {
        if (current == 0xFF) {
            skip(1);
        }
        current = 0;
        left = 0;
    }

    /** Table B.4: the number of passes that a packet adds to a code-block. */
    int passes() throws InputException {
        if (bit() == 0) {
            return 1;
        }
        if (bit() == 0) {
            return 2;
        }
        int two = bits(2);
        if (two < 3) {
            return 3 + two;
        }
        int five = bits(5);
        if (five < 31) {
            return 6 + five;
        }
        return 37 + bits(7);
    }

    static InputException ended() {
        return Codestream.malformed("a tile ends inside its packets", "fewer bytes than the packet headers announce");
    }
}
