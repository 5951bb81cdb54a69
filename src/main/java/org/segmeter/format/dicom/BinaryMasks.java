package org.segmeter.format.dicom;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.InputException;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;

/**
 * Turns the bit-packed frames of a segment into a mask, a row as shifted 64-bit words. Frames may start inside a byte. Two
 * passes: the first finds the box, so that a hundred small structures take the memory of a hundred small boxes.
 */
final class BinaryMasks {

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Below it, a mask is stored as bits even if points would be smaller. */
    private static final long SMALL_MASK_BYTES = 1 << 16;

    private final Frames frames;
    private final int rows;
    private final int columns;
    private final Placement.Offsets offsets;
    private final CancelSignal cancel;

    BinaryMasks(SegObject object, Frames frames, Placement.Offsets offsets, CancelSignal cancel) {
        this.frames = frames;
        this.rows = object.rows();
        this.columns = object.columns();
        this.offsets = offsets;
        this.cancel = cancel;
    }

    /** 64 pixels from a bit on, the first in the lowest bit; what lies outside the bytes is 0. */
    static long load(MemorySegment bytes, long size, long bit) {
        long at = bit >> 3;
        int shift = (int) bit & 7;
        if (at >= 0 && at + 9 <= size) {
            long low = bytes.get(WORD, at) >>> shift;
            return shift == 0 ? low : low | (long) bytes.get(ValueLayout.JAVA_BYTE, at + 8) << 64 - shift;
        }
        long word = 0;
        for (int i = 0; i < 9; i++) {
            if (at + i >= 0 && at + i < size) {
                long b = bytes.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF;
                int to = 8 * i - shift;
                if (to < 64) {
                    word |= to < 0 ? b >>> -to : b << to;
                }
            }
        }
        return word;
    }

    /**
     * @param order indexes of frames
     * @param from the segment's frames are {@code order[from]} to {@code order[to - 1]}
     */
    Mask read(int[] order, int from, int to) throws InputException {
        int wordX0 = Integer.MAX_VALUE;
        int wordX1 = 0;
        for (int i = from; i < to; i++) {
            wordX0 = Math.min(wordX0, offsets.x()[order[i]] >> 6);
            wordX1 = Math.max(wordX1, offsets.x()[order[i]] + columns + 63 >> 6);
        }
        long[] used = new long[Math.max(0, wordX1 - wordX0)];
        int y0 = Integer.MAX_VALUE;
        int y1 = 0;
        int z0 = Integer.MAX_VALUE;
        int z1 = 0;
        long count = 0;
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            frames.select(f);
            Extent extent = extent();
            if (extent.count == 0) {
                continue;
            }
            count += extent.count;
            int oy = offsets.y()[f];
            y0 = Math.min(y0, oy + extent.firstRow);
            y1 = Math.max(y1, oy + extent.lastRow + 1);
            z0 = Math.min(z0, offsets.z()[f]);
            z1 = Math.max(z1, offsets.z()[f] + 1);
            int first = offsets.x()[f] >> 6;
            int last = offsets.x()[f] + columns + 63 >> 6;
            for (int row = extent.firstRow; row <= extent.lastRow; row++) {
                for (int w = first; w < last; w++) {
                    used[w - wordX0] |= word(f, row, w);
                }
            }
        }
        if (count == 0) {
            return new BitMask(Box.EMPTY);
        }
        int firstUsed = 0;
        while (used[firstUsed] == 0) {
            firstUsed++;
        }
        int lastUsed = used.length - 1;
        while (used[lastUsed] == 0) {
            lastUsed--;
        }
        int x0 = (wordX0 + firstUsed << 6) + Long.numberOfTrailingZeros(used[firstUsed]);
        int x1 = (wordX0 + lastUsed << 6) + 64 - Long.numberOfLeadingZeros(used[lastUsed]);
        Box box = new Box(x0, y0, z0, x1, y1, z1);
        long words = (long) (lastUsed - firstUsed + 1) * box.ny() * box.nz();
        boolean scattered =
                8 * words > SMALL_MASK_BYTES && 8 * words > 8 * count && box.voxelCount() <= Integer.MAX_VALUE;
        return scattered ? points(box, (int) count, order, from, to) : bits(box, order, from, to);
    }

    private record Extent(int firstRow, int lastRow, long count) {
        static final Extent EMPTY = new Extent(0, -1, 0);
    }

    /** The rows of the current frame that hold pixels, found at the speed of memory where it is empty. */
    private Extent extent() {
        MemorySegment bytes = frames.bytes();
        long size = bytes.byteSize();
        long start = frames.startBit();
        long n = (long) rows * columns;
        long first = -1;
        long last = -1;
        long count = 0;
        for (long at = 0; at < n; at += 64) {
            long word = load(bytes, size, start + at);
            if (word != 0) {
                if (n - at < 64) {
                    word &= -1L >>> -(n - at);
                    if (word == 0) {
                        break;
                    }
                }
                if (first < 0) {
                    first = at + Long.numberOfTrailingZeros(word);
                }
                last = at + 63 - Long.numberOfLeadingZeros(word);
                count += Long.bitCount(word);
            }
        }
        return count == 0 ? Extent.EMPTY : new Extent((int) (first / columns), (int) (last / columns), count);
    }

    /** Word w of a grid row, of the current frame's pixels in it. */
    private long word(int frame, int row, int w) {
        int x = offsets.x()[frame];
        MemorySegment bytes = frames.bytes();
        long from = ((long) w << 6) - x;
        long word = load(bytes, bytes.byteSize(), frames.startBit() + (long) row * columns + from);
        if (from < 0) {
            word &= -1L << -from;
        }
        long beyond = from + 64 - columns;
        if (beyond > 0) {
            word &= beyond >= 64 ? 0 : -1L >>> beyond;
        }
        return word;
    }

    private BitMask bits(Box box, int[] order, int from, int to) throws InputException {
        BitMask mask = new BitMask(box);
        long[] words = mask.words();
        int wordX0 = mask.wordX0();
        int n = mask.wordsPerRow();
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            int z = offsets.z()[f];
            if (z < box.z0() || z >= box.z1()) {
                continue;
            }
            frames.select(f);
            MemorySegment bytes = frames.bytes();
            long size = bytes.byteSize();
            int ox = offsets.x()[f];
            int oy = offsets.y()[f];
            int firstRow = Math.max(0, box.y0() - oy);
            int lastRow = Math.min(rows, box.y1() - oy);
            for (int row = firstRow; row < lastRow; row++) {
                int at = mask.rowStart(oy + row, z);
                long start = frames.startBit() + (long) row * columns - ox;
                for (int k = 0; k < n; k++) {
                    long left = ((long) (wordX0 + k) << 6) - ox;
                    if (left >= 0 && left + 64 <= columns) {
                        words[at + k] |= load(bytes, size, start + ((long) (wordX0 + k) << 6));
                    } else if (left > -64 && left < columns) {
                        words[at + k] |= word(f, row, wordX0 + k);
                    }
                }
            }
        }
        return mask;
    }

    private Mask points(Box box, int count, int[] order, int from, int to) throws InputException {
        int[] points = new int[count];
        int n = 0;
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            frames.select(f);
            int z = offsets.z()[f];
            int ox = offsets.x()[f];
            int oy = offsets.y()[f];
            Extent extent = extent();
            for (int row = extent.firstRow; row <= extent.lastRow; row++) {
                int base = ((z - box.z0()) * box.ny() + oy + row - box.y0()) * box.nx() - box.x0();
                for (int w = ox >> 6; w < ox + columns + 63 >> 6; w++) {
                    for (long word = word(f, row, w); word != 0; word &= word - 1) {
                        points[n++] = base + (w << 6) + Long.numberOfTrailingZeros(word);
                    }
                }
            }
        }
        Arrays.sort(points, 0, n);
        int distinct = 0;
        for (int i = 0; i < n; i++) {
            if (i == 0 || points[i] != points[i - 1]) {
                points[distinct++] = points[i];
            }
        }
        return new PointMask(box, distinct == points.length ? points : Arrays.copyOf(points, distinct));
    }
}
