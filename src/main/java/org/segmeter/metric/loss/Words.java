package org.segmeter.metric.loss;

import org.segmeter.volume.BitMask;

/** Whole words of bit masks, by their place on the grid. */
final class Words {

    private Words() {}

    /** The 64 voxels from x = 64 w on; 0 where the mask stores none. */
    static long of(BitMask mask, int w, int y, int z) {
        int i = w - mask.wordX0();
        return i < 0 || i >= mask.wordsPerRow() || !mask.hasRow(y, z) ? 0 : mask.words()[mask.rowStart(y, z) + i];
    }

    /** Bits from (inclusive) to (exclusive), both first limited to 0..64. */
    static long between(int from, int to) {
        int a = Math.max(from, 0);
        int b = Math.min(to, 64);
        return a >= b ? 0 : -1L << a & -1L >>> 64 - b;
    }
}
