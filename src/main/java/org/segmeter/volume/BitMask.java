package org.segmeter.volume;

import java.util.Arrays;

/**
 * A set of voxels as one bit each, stored for a box only.
 *
 * <p>Layout: a row of voxels along x takes whole 64-bit words; voxel x is bit {@code x & 63} of word {@code (x >> 6) - wordX0},
 * so words of two masks on the same grid line up whatever their boxes are, and set operations go word by word. Rows follow one
 * another along y, then z. Bits outside the stored x range are 0.
 *
 * <p>A mask is filled by whoever makes it and not changed afterwards; it is then safe to share between threads.
 */
public final class BitMask implements Mask {

    private final int wordX0;
    private final int wordsPerRow;
    private final int y0;
    private final int y1;
    private final int z0;
    private final int z1;
    private final long[] words;

    /**
     * An empty mask that can hold the voxels of a box (and, along x, of the whole words that the box touches).
     *
     * @param stored with coordinates &gt;= 0
     * @throws ArithmeticException if the box needs more than 2^31 - 1 words
     */
    public BitMask(Box stored) {
        if (stored.x0() < 0 || stored.y0() < 0 || stored.z0() < 0) {
            throw new IllegalArgumentException("a mask lies at indices >= 0: " + stored);
        }
        wordX0 = stored.x0() >> 6;
        wordsPerRow = stored.isEmpty() ? 0 : (stored.x1() + 63 >> 6) - wordX0;
        y0 = stored.y0();
        y1 = stored.y1();
        z0 = stored.z0();
        z1 = stored.z1();
        words = new long[Math.multiplyExact(Math.multiplyExact(wordsPerRow, y1 - y0), z1 - z0)];
    }

    /** The words; see the class for the layout. Not a copy. */
    public long[] words() {
        return words;
    }

    /** Index of the first stored word along x: its bit 0 is voxel {@code wordX0 * 64}. */
    public int wordX0() {
        return wordX0;
    }

    public int wordsPerRow() {
        return wordsPerRow;
    }

    public int y0() {
        return y0;
    }

    public int y1() {
        return y1;
    }

    public int z0() {
        return z0;
    }

    public int z1() {
        return z1;
    }

    /** The box that is stored, whole words along x; every voxel outside it is not in the set. */
    public Box stored() {
        return wordsPerRow == 0 ? Box.EMPTY : new Box(wordX0 << 6, y0, z0, wordX0 + wordsPerRow << 6, y1, z1);
    }

    /** Index in {@link #words()} of the first word of row (y, z), which must be stored. */
    public int rowStart(int y, int z) {
        return ((z - z0) * (y1 - y0) + (y - y0)) * wordsPerRow;
    }

    /** True if row (y, z) is stored. */
    public boolean hasRow(int y, int z) {
        return y >= y0 && y < y1 && z >= z0 && z < z1;
    }

    public void set(int x, int y, int z) {
        words[rowStart(y, z) + (x >> 6) - wordX0] |= 1L << x;
    }

    /** Adds the voxels xFrom &lt;= x &lt; xTo of row (y, z). */
    public void setRun(int y, int z, int xFrom, int xTo) {
        if (xFrom >= xTo) {
            return;
        }
        int row = rowStart(y, z) - wordX0;
        int first = row + (xFrom >> 6);
        int last = row + (xTo - 1 >> 6);
        long head = -1L << xFrom;
        long tail = -1L >>> -xTo;
        if (first == last) {
            words[first] |= head & tail;
        } else {
            words[first] |= head;
            Arrays.fill(words, first + 1, last, -1L);
            words[last] |= tail;
        }
    }

    @Override
    public boolean contains(int x, int y, int z) {
        int w = (x >> 6) - wordX0;
        return w >= 0 && w < wordsPerRow && hasRow(y, z) && (words[rowStart(y, z) + w] >>> x & 1) != 0;
    }

    @Override
    public long count() {
        long n = 0;
        for (long w : words) {
            n += Long.bitCount(w);
        }
        return n;
    }

    @Override
    public boolean isEmpty() {
        for (long w : words) {
            if (w != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public Box box() {
        int minY = Integer.MAX_VALUE;
        int maxY = -1;
        int minZ = Integer.MAX_VALUE;
        int maxZ = -1;
        long[] columns = new long[wordsPerRow];
        int at = 0;
        for (int z = z0; z < z1; z++) {
            for (int y = y0; y < y1; y++) {
                long any = 0;
                for (int w = 0; w < wordsPerRow; w++) {
                    long bits = words[at++];
                    columns[w] |= bits;
                    any |= bits;
                }
                if (any != 0) {
                    minY = Math.min(minY, y);
                    maxY = Math.max(maxY, y);
                    minZ = Math.min(minZ, z);
                    maxZ = z;
                }
            }
        }
        if (maxY < 0) {
            return Box.EMPTY;
        }
        int first = 0;
        while (columns[first] == 0) {
            first++;
        }
        int last = wordsPerRow - 1;
        while (columns[last] == 0) {
            last--;
        }
        int minX = (wordX0 + first << 6) + Long.numberOfTrailingZeros(columns[first]);
        int maxX = (wordX0 + last << 6) + 63 - Long.numberOfLeadingZeros(columns[last]);
        return new Box(minX, minY, minZ, maxX + 1, maxY + 1, maxZ + 1);
    }

    @Override
    public long intersectionCount(Mask other) {
        if (!(other instanceof BitMask b)) {
            return other.intersectionCount(this);
        }
        Box common = stored().intersection(b.stored());
        if (common.isEmpty()) {
            return 0;
        }
        int n = common.nx() >> 6;
        int from = common.x0() >> 6;
        long count = 0;
        for (int z = common.z0(); z < common.z1(); z++) {
            for (int y = common.y0(); y < common.y1(); y++) {
                int i = rowStart(y, z) + from - wordX0;
                int j = b.rowStart(y, z) + from - b.wordX0;
                for (int w = 0; w < n; w++) {
                    count += Long.bitCount(words[i + w] & b.words[j + w]);
                }
            }
        }
        return count;
    }

    @Override
    public BitMask toBitMask() {
        return this;
    }

    /** True if both hold the same voxels, whatever boxes they store. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof BitMask b)) {
            return false;
        }
        long shared = intersectionCount(b);
        return shared == count() && shared == b.count();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(count()) * 31 + box().hashCode();
    }

    @Override
    public String toString() {
        return "BitMask[" + count() + " voxels in " + box() + "]";
    }
}
