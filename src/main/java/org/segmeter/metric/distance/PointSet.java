package org.segmeter.metric.distance;

import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * Lattice points as bits, in rows along x with one empty word at each end, so that a search may look past a row's end unchecked.
 * Coordinates may be negative: a layer around a mask at the volume's edge is one.
 */
final class PointSet {

    /** Index of the first word of a row, the empty one: its bit 0 is x = 64 * wordX0. */
    final int wordX0;
    /** Words from one row to the next. */
    final int stride;

    final int y0;
    final int ny;
    final int z0;
    final int nz;
    final long[] words;

    /** An empty set that can hold the points of a box. */
    PointSet(Box box) {
        int first = box.x0() >> 6;
        wordX0 = first - 1;
        stride = (box.x1() + 63 >> 6) - first + 2;
        y0 = box.y0();
        ny = box.ny();
        z0 = box.z0();
        nz = box.nz();
        words = new long[Math.multiplyExact(Math.multiplyExact(stride, ny), nz)];
    }

    /** The box that is stored, whole words along x and the empty ones too. */
    Box box() {
        return new Box(wordX0 << 6, y0, z0, wordX0 + stride << 6, y0 + ny, z0 + nz);
    }

    private PointSet(PointSet like) {
        wordX0 = like.wordX0;
        stride = like.stride;
        y0 = like.y0;
        ny = like.ny;
        z0 = like.z0;
        nz = like.nz;
        words = new long[like.words.length];
    }

    /** An empty set that can hold what this one can. */
    PointSet emptyCopy() {
        return new PointSet(this);
    }

    /** Takes the corners of voxels out of this set of corners; corner (x, y, z) is the one towards lower indices of voxel (x, y, z). */
    void removeCornersOf(PointSet voxels) {
        for (int k = 0; k < nz; k++) {
            for (int j = 0; j < ny; j++) {
                int row = (k * ny + j) * stride;
                for (int i = 1; i < stride - 1; i++) {
                    if (words[row + i] != 0) {
                        int x = wordX0 + i;
                        long here = around(voxels, x, y0 + j, z0 + k);
                        long before = around(voxels, x - 1, y0 + j, z0 + k);
                        words[row + i] &= ~(here | here << 1 | before >>> 63);
                    }
                }
            }
        }
    }

    private static long around(PointSet v, int wordX, int y, int z) {
        return v.word(wordX, y, z) | v.word(wordX, y - 1, z) | v.word(wordX, y, z - 1) | v.word(wordX, y - 1, z - 1);
    }

    /** Index of the first word of row (y, z), which must lie in the box. */
    int row(int y, int z) {
        return ((z - z0) * ny + (y - y0)) * stride;
    }

    boolean isEmpty() {
        for (long w : words) {
            if (w != 0) {
                return false;
            }
        }
        return true;
    }

    /** The voxels of a mask that lie in a box, or that are not in the mask if {@code inverted}. */
    static PointSet voxels(BitMask mask, Box box, boolean inverted) {
        PointSet set = new PointSet(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int to = set.row(y, z);
                if (mask.hasRow(y, z)) {
                    int from = mask.rowStart(y, z);
                    int shift = set.wordX0 - mask.wordX0();
                    int first = Math.max(1, -shift);
                    int last = Math.min(set.stride - 1, mask.wordsPerRow() - shift);
                    for (int i = first; i < last; i++) {
                        set.words[to + i] = mask.words()[from + i + shift];
                    }
                }
                if (inverted) {
                    for (int i = 1; i < set.stride - 1; i++) {
                        set.words[to + i] = ~set.words[to + i];
                    }
                }
                // The outermost words may hold voxels beside the box.
                if ((box.x0() & 63) != 0) {
                    set.words[to + 1] &= -1L << box.x0();
                }
                if ((box.x1() & 63) != 0) {
                    set.words[to + set.stride - 2] &= -1L >>> -box.x1();
                }
            }
        }
        return set;
    }

    /** Word i of row (y, z), counted like words of the whole lattice; 0 outside the set's box. */
    long word(int wordX, int y, int z) {
        int i = wordX - wordX0;
        return i < 0 || i >= stride || y < y0 || y >= y0 + ny || z < z0 || z >= z0 + nz ? 0 : words[row(y, z) + i];
    }

    boolean contains(int x, int y, int z) {
        return (word(x >> 6, y, z) >>> x & 1) != 0;
    }

    long count() {
        long n = 0;
        for (long w : words) {
            n += Long.bitCount(w);
        }
        return n;
    }
}
