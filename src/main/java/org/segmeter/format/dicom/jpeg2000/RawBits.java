package org.segmeter.format.dicom.jpeg2000;

/** The bits of passes that bypass the arithmetic coder (T.800 D.6): after a byte FF the next one has seven; ones behind the end. */
final class RawBits {

    private byte[] data = new byte[0];
    private int position;
    private int end;
    private int current;
    private int left;

    void begin(byte[] segments, int from, int to) {
        data = segments;
        position = from;
        end = to;
        current = 0;
        left = 0;
    }

    int bit() {
        if (left == 0) {
            left = current == 0xFF ? 7 : 8;
            current = position < end ? data[position++] & 0xFF : 0xFF;
        }
        left--;
        return current >> left & 1;
    }
}
