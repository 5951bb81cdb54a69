package org.segmeter.format.dicom.jpeg2000;

import org.segmeter.volume.InputException;

/**
 * The SIZ marker segment (T.800 A.5.1) for one component that is not subsampled: the image and its tiles on the reference grid.
 * The image covers x0 (inclusive) to x1 (exclusive); tile (0, 0) begins at tileX0, tileY0, at or before the image.
 *
 * @param bits precision of the samples, 1 to 16
 * @param signed true if they are from -2^(bits - 1) to below 2^(bits - 1)
 */
record ImageSize(
        int x0,
        int y0,
        int x1,
        int y1,
        long tileX0,
        long tileY0,
        long tileWidth,
        long tileHeight,
        int bits,
        boolean signed) {

    /** Coordinates stay far below the range of int, so that sums and shifts of them need no care. */
    private static final long LARGEST = 1 << 30;

    static ImageSize read(Codestream in, int rows, int columns, int maximumBits, boolean signedToo)
            throws InputException {
        int capabilities = in.u16();
        if ((capabilities & 0xC000) != 0) {
            throw Codestream.unsupported("a coding of a later part of the standard", "Rsiz " + capabilities);
        }
        long x1 = in.u32();
        long y1 = in.u32();
        long x0 = in.u32();
        long y0 = in.u32();
        long tileWidth = in.u32();
        long tileHeight = in.u32();
        long tileX0 = in.u32();
        long tileY0 = in.u32();
        int components = in.u16();
        if (components != 1) {
            throw Codestream.unsupported("another number of components than one", components + " components");
        }
        int depth = in.u8();
        int stepX = in.u8();
        int stepY = in.u8();
        if (in.remaining() != 0) {
            throw Codestream.malformed("its size segment has the wrong length", in.remaining() + " bytes too many");
        }
        if (stepX != 1 || stepY != 1) {
            throw Codestream.unsupported("a subsampled component", "steps %d x %d".formatted(stepX, stepY));
        }
        if (x1 - x0 != columns || y1 - y0 != rows) {
            throw Codestream.malformed(
                    "its size differs from Rows and Columns",
                    "%d x %d, not %d x %d".formatted(x1 - x0, y1 - y0, columns, rows));
        }
        if (x1 > LARGEST || y1 > LARGEST) {
            throw Codestream.unsupported("a very large offset of the image", "%d, %d".formatted(x0, y0));
        }
        if (tileX0 > x0 || tileY0 > y0 || tileX0 + tileWidth <= x0 || tileY0 + tileHeight <= y0) {
            throw Codestream.malformed(
                    "its first tile does not meet the image",
                    "tile of %d x %d at %d, %d".formatted(tileWidth, tileHeight, tileX0, tileY0));
        }
        boolean signed = (depth & 0x80) != 0;
        if (signed && !signedToo) {
            throw Codestream.unsupported("signed samples", "Ssiz " + depth);
        }
        int bits = (depth & 0x7F) + 1;
        if (bits > Math.min(16, maximumBits)) {
            throw Codestream.malformed("its precision does not fit Bits Stored", bits + " bits");
        }
        return new ImageSize(
                (int) x0, (int) y0, (int) x1, (int) y1, tileX0, tileY0, tileWidth, tileHeight, bits, signed);
    }

    int width() {
        return x1 - x0;
    }

    long tilesAcross() {
        return (x1 - tileX0 + tileWidth - 1) / tileWidth;
    }

    long tilesDown() {
        return (y1 - tileY0 + tileHeight - 1) / tileHeight;
    }

    /** Where a tile lies on the reference grid (T.800 B.3); never empty for a tile that exists. */
    Area tile(int index) {
        long across = index % tilesAcross();
        long down = index / tilesAcross();
        return new Area(
                (int) Math.max(tileX0 + across * tileWidth, x0),
                (int) Math.max(tileY0 + down * tileHeight, y0),
                (int) Math.min(tileX0 + (across + 1) * tileWidth, x1),
                (int) Math.min(tileY0 + (down + 1) * tileHeight, y1));
    }
}
