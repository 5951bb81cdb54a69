package org.segmeter.format.dicom.jpeg2000;

/** A rectangle of samples or coefficients: x0 and y0 belong to it, x1 and y1 do not. */
record Area(int x0, int y0, int x1, int y1) {

    int width() {
        return x1 - x0;
    }

    int height() {
        return y1 - y0;
    }

    boolean isEmpty() {
        return x1 <= x0 || y1 <= y0;
    }

    /** The coordinates of T.800 equations B-14 and B-15: a subband, or with no offsets a resolution, that is 2^shift smaller. */
    Area reduced(int shift, int highX, int highY) {
        long offsetX = shift == 0 ? 0 : (long) highX << shift - 1;
        long offsetY = shift == 0 ? 0 : (long) highY << shift - 1;
        return new Area(
                ceil(x0 - offsetX, shift),
                ceil(y0 - offsetY, shift),
                ceil(x1 - offsetX, shift),
                ceil(y1 - offsetY, shift));
    }

    /** The part that lies in one cell of a grid of cells of 2^shiftX x 2^shiftY that is anchored at 0, 0. */
    Area cell(int column, int row, int shiftX, int shiftY) {
        return new Area(
                (int) Math.max(x0, (long) column << shiftX),
                (int) Math.max(y0, (long) row << shiftY),
                (int) Math.min(x1, (long) column + 1 << shiftX),
                (int) Math.min(y1, (long) row + 1 << shiftY));
    }

    static int ceil(long value, int shift) {
        return (int) (value + (1L << shift) - 1 >> shift);
    }
}
