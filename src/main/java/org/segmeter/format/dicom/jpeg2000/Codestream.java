package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** The bytes of a codestream, read value by value; every read is checked against the end. */
final class Codestream {

    private static final int JP2C = 0x6A703263;

    private final byte[] data;
    private final int end;
    private int position;

    private Codestream(byte[] data, int start, int end) {
        this.data = data;
        this.position = start;
        this.end = end;
    }

    /** The codestream that the bytes are or, if they begin with a JP2 signature box, that the first jp2c box holds (T.800 I.4). */
    static Codestream of(byte[] stream) throws InputException {
        Codestream file = new Codestream(stream, 0, stream.length);
        if (stream.length < 12 || stream[0] != 0 || file.u32() != 12 || file.u32() != 0x6A502020L) {
            return new Codestream(stream, 0, stream.length);
        }
        file.position = 12;
        while (true) {
            int start = file.position;
            long length = file.u32();
            int type = (int) file.u32();
            if (length == 1) {
                length = file.u32() << 32 | file.u32();
            } else if (length == 0) {
                length = stream.length - start;
            }
            if (length < file.position - start || length > stream.length - start) {
                throw malformed("a box of its JP2 file is longer than what is left", length + " bytes");
            }
            int boxEnd = start + (int) length;
            if (type == JP2C) {
                return new Codestream(stream, file.position, boxEnd);
            }
            file.position = boxEnd;
        }
    }

    byte[] data() {
        return data;
    }

    int position() {
        return position;
    }

    int remaining() {
        return end - position;
    }

    void skip(int bytes) throws InputException {
        if (bytes < 0 || bytes > remaining()) {
            throw malformed("a marker segment is longer than what is left", bytes + " bytes");
        }
        position += bytes;
    }

    int u8() throws InputException {
        if (position >= end) {
            throw malformed("the stream ends before it should", data.length + " bytes");
        }
        return data[position++] & 0xFF;
    }

    int u16() throws InputException {
        return u8() << 8 | u8();
    }

    long u32() throws InputException {
        return (long) u16() << 16 | u16();
    }

    /** The next marker segment without its length, as a stream of its own; this stream goes on behind it. */
    Codestream segment() throws InputException {
        int length = u16() - 2;
        int start = position;
        skip(length);
        return new Codestream(data, start, position);
    }

    static InputException malformed(String what, String found) {
        return new InputException(
                InputProblem.MALFORMED_PIXEL_DATA,
                "A JPEG 2000 frame cannot be decoded: " + what + ".",
                found,
                "a complete JPEG 2000 codestream of the size that Rows and Columns say");
    }

    static InputException unsupported(String what, String found) {
        return new InputException(
                InputProblem.UNSUPPORTED_TRANSFER_SYNTAX,
                "A JPEG 2000 frame uses " + what + ", which is not decoded.",
                found,
                "one component, unsigned in a segmentation, coded by JPEG 2000 Part 1");
    }
}
