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

    /**
     * Reads the frame header of a single component, which is the same in both codings (T.81 B.2.2, T.87 C.2.2).
     *
     * @return the precision, 2 to maximumBits
     * @throws InputException if it is of another size, of several components, or of another precision
     */
    int frameHeader(int rows, int columns, int maximumBits) throws InputException {
        int length = u16();
        int precision = u8();
        int y = u16();
        int x = u16();
        int components = u8();
        if (components != 1) {
            throw unsupported("several components", components + " components");
        }
        if (length != 11) {
            throw malformed("the frame header has the wrong length", length + " bytes");
        }
        u8();
        u8();
        u8();
        if (x != columns || y != rows) {
            throw malformed(
                    "its size differs from Rows and Columns", "%d x %d, not %d x %d".formatted(x, y, columns, rows));
        }
        if (precision < 2 || precision > maximumBits) {
            throw malformed("its precision does not fit Bits Stored", precision + " bits");
        }
        return precision;
    }

    /** Reads the beginning of a scan header up to its component's selector (T.81 B.2.3). */
    void scanOfOneComponent() throws InputException {
        int length = u16();
        int components = u8();
        if (length != 8 || components != 1) {
            throw malformed("the scan header is not that of one component", components + " components");
        }
        u8();
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
