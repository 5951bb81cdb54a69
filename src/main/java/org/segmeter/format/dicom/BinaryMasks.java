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

    private long[] buffer = new long[0];
    private int used;
    private int start;
    private int top;

    BinaryMasks(SegObject object, Frames frames, Placement.Offsets offsets, CancelSignal cancel) {
        this.frames = frames;
        this.rows = object.rows();
        this.columns = object.columns();
        this.offsets = offsets;
        this.cancel = cancel;
    }

    /**
     * Brings rows of a frame into the buffer: bit {@link #start} is the first pixel of the first of them, and what belongs to
     * neighbouring frames or rows is cleared. One bulk copy, so that everything after it works on an array.
     */
    private void load(int frame, int firstRow, int lastRow) throws InputException {
        frames.select(frame, firstRow, lastRow);
        MemorySegment bytes = frames.bytes();
        long fromBit = frames.startBit() + (long) firstRow * columns;
        long n = (long) (lastRow - firstRow) * columns;
        long from = fromBit >>> 3;
        long to = fromBit + n + 7 >>> 3;
        int shift = (int) (fromBit & 7);
        int words = Math.toIntExact((to - from + 7) / 8);
        if (buffer.length < words + 4) {
            buffer = new long[words + 4];
        }
        int whole = (int) ((to - from) / 8);
        MemorySegment.copy(bytes, WORD, from, buffer, 1, whole);
        if (whole < words) {
            long last = 0;
            for (int i = 0; i < to - from - 8L * whole; i++) {
                last |= (bytes.get(ValueLayout.JAVA_BYTE, from + 8L * whole + i) & 0xFFL) << 8 * i;
            }
            buffer[words] = last;
        }
        buffer[0] = 0;
        buffer[words + 1] = 0;
        buffer[words + 2] = 0;
        buffer[words + 3] = 0;
        start = 64 + shift;
        used = words + 1;
        buffer[1] &= -1L << shift;
        long end = shift + n;
        if ((end & 63) != 0) {
            buffer[1 + (int) (end >>> 6)] &= -1L >>> -end;
        }
        top = firstRow;
    }

    /** 64 bits of the buffer from any bit on. */
    private long at(long bit) {
        int i = (int) (bit >>> 6);
        int shift = (int) bit & 63;
        return buffer[i] >>> shift | buffer[i + 1] << 1 << 63 - shift;
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
        long[] columnWords = new long[Math.max(0, wordX1 - wordX0)];
        int y0 = Integer.MAX_VALUE;
        int y1 = 0;
        int z0 = Integer.MAX_VALUE;
        int z1 = 0;
        long count = 0;
        for (int i = from; i < to; i++) {
            cancel.check();
            int f = order[i];
            load(f, 0, rows);
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
            if (wholeWords(f)) {
                int n = last - first;
                int at = (start >> 6) + extent.firstRow * n;
                for (int row = extent.firstRow; row <= extent.lastRow; row++) {
                    for (int w = first - wordX0; w < last - wordX0; w++) {
                        columnWords[w] |= buffer[at++];
                    }
                }
            } else {
                for (int row = extent.firstRow; row <= extent.lastRow; row++) {
                    for (int w = first; w < last; w++) {
                        columnWords[w - wordX0] |= word(f, row, w);
                    }
                }
            }
        }
        if (count == 0) {
            return new BitMask(Box.EMPTY);
        }
        int firstUsed = 0;
        while (columnWords[firstUsed] == 0) {
            firstUsed++;
        }
        int lastUsed = columnWords.length - 1;
        while (columnWords[lastUsed] == 0) {
            lastUsed--;
        }
        int x0 = (wordX0 + firstUsed << 6) + Long.numberOfTrailingZeros(columnWords[firstUsed]);
        int x1 = (wordX0 + lastUsed << 6) + 64 - Long.numberOfLeadingZeros(columnWords[lastUsed]);
        Box box = new Box(x0, y0, z0, x1, y1, z1);
        long words = (long) (lastUsed - firstUsed + 1) * box.ny() * box.nz();
        boolean scattered =
                8 * words > SMALL_MASK_BYTES && 8 * words > 8 * count && box.voxelCount() <= Integer.MAX_VALUE;
        return scattered ? points(box, (int) count, order, from, to) : bits(box, order, from, to);
    }

    private record Extent(int firstRow, int lastRow, long count) {
        static final Extent EMPTY = new Extent(0, -1, 0);
    }

    /** The rows of the loaded frame that hold pixels. */
    private Extent extent() {
        int first = 1;
        while (first < used && buffer[first] == 0) {
            first++;
        }
        if (first == used) {
            return Extent.EMPTY;
        }
        int last = used - 1;
        while (buffer[last] == 0) {
            last--;
        }
        long count = 0;
        for (int i = first; i <= last; i++) {
            count += Long.bitCount(buffer[i]);
        }
        long low = ((long) first << 6) + Long.numberOfTrailingZeros(buffer[first]) - start;
        long high = ((long) last << 6) + 63 - Long.numberOfLeadingZeros(buffer[last]) - start;
        return new Extent((int) (low / columns), (int) (high / columns), count);
    }

    /** True if the words of the loaded frame's rows are words of the grid's rows, as they are where rows have 512 pixels. */
    private boolean wholeWords(int frame) {
        return (start & 63) == 0 && (columns & 63) == 0 && (offsets.x()[frame] & 63) == 0;
    }

    /** Word w of a grid row, of the loaded frame's pixels in it. */
    private long word(int frame, int row, int w) {
        long from = ((long) w << 6) - offsets.x()[frame];
        long beyond = from + 64 - columns;
        if (from <= -64 || beyond >= 64) {
            return 0;
        }
        long word = at(start + (long) (row - top) * columns + from);
        if (from < 0) {
            word &= -1L << -from;
        }
        return beyond > 0 ? word & -1L >>> beyond : word;
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
            int oy = offsets.y()[f];
            int firstRow = Math.max(0, box.y0() - oy);
            int lastRow = Math.min(rows, box.y1() - oy);
            if (firstRow >= lastRow) {
                continue;
            }
            load(f, firstRow, lastRow);
            int ox = offsets.x()[f];
            if (wholeWords(f)) {
                int skipped = wordX0 - (ox >> 6);
                int k0 = Math.max(0, -skipped);
                int k1 = Math.min(n, (columns >> 6) - skipped);
                for (int row = firstRow; row < lastRow; row++) {
                    int at = mask.rowStart(oy + row, z);
                    int source = (start >> 6) + (row - top) * (columns >> 6) + skipped;
                    for (int k = k0; k < k1; k++) {
                        words[at + k] |= buffer[source + k];
                    }
                }
                continue;
            }
            for (int row = firstRow; row < lastRow; row++) {
                int at = mask.rowStart(oy + row, z);
                long rowBit = start + (long) (row - top) * columns - ox;
                for (int k = 0; k < n; k++) {
                    long left = ((long) (wordX0 + k) << 6) - ox;
                    words[at + k] |= left >= 0 && left + 64 <= columns
                            ? at(rowBit + ((long) (wordX0 + k) << 6))
                            : word(f, row, wordX0 + k);
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
            load(f, 0, rows);
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
