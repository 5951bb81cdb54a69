package org.segmeter.format.dicom.jpeg;

import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** The bytes of one JPEG stream, read marker by marker; every read is checked against the end. */
final class JpegStream {

    private final byte[] data;
    private int position;

    JpegStream(byte[] data) {
        this.data = data;
    }

    byte[] data() {
        return data;
    }

    int position() {
        return position;
    }

    void moveTo(int newPosition) {
        position = newPosition;
    }

    int u8() throws InputException {
        if (position >= data.length) {
            throw malformed("the stream ends inside a marker segment", data.length + " bytes");
        }
        return data[position++] & 0xFF;
    }

    int u16() throws InputException {
        return u8() << 8 | u8();
    }

    /** The next marker code (its second byte), past fill bytes. */
    int marker() throws InputException {
        if (u8() != 0xFF) {
            throw malformed("a marker was expected", "another byte at offset " + (position - 1));
        }
        int code = u8();
        while (code == 0xFF) {
            code = u8();
        }
        return code;
    }

    /** Skips a marker segment, whose length comes next. */
    void skipSegment() throws InputException {
        int length = u16();
        if (length < 2 || length - 2 > data.length - position) {
            throw malformed("a marker segment is longer than what is left", length + " bytes");
        }
        position += length - 2;
    }

    static InputException malformed(String what, String found) {
        return new InputException(
                InputProblem.MALFORMED_PIXEL_DATA,
                "A JPEG frame cannot be decoded: " + what + ".",
                found,
                "a complete lossless JPEG or JPEG-LS stream of the size that Rows and Columns say");
    }

    static InputException unsupported(String what, String found) {
        return new InputException(
                InputProblem.UNSUPPORTED_TRANSFER_SYNTAX,
                "A JPEG frame uses " + what + ", which is not decoded.",
                found,
                "one component, lossless or near-lossless, without mapping tables");
    }
}
