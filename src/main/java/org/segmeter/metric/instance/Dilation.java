package org.segmeter.metric.instance;

import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/** Growing a mask by its neighbours. */
final class Dilation {

    private Dilation() {}

    /** The mask grown a number of times by its neighbours, inside the grid. */
    static BitMask of(BitMask mask, Connectivity neighbours, int times, Box grid) {
        BitMask grown = copy(mask, mask.box().grown(times).intersection(grid));
        for (int i = 0; i < times; i++) {
            grown = once(grown, neighbours, grid.x1());
        }
        return grown;
    }

    private static BitMask copy(BitMask mask, Box stored) {
        BitMask copy = new BitMask(stored);
        Box box = mask.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int w = 0; w < mask.wordsPerRow(); w++) {
                    long bits = mask.words()[mask.rowStart(y, z) + w];
                    if (bits != 0) {
                        copy.words()[copy.rowStart(y, z) + mask.wordX0() + w - copy.wordX0()] = bits;
                    }
                }
            }
        }
        return copy;
    }

    private static BitMask once(BitMask m, Connectivity neighbours, int endX) {
        BitMask out = new BitMask(m.stored());
        for (int z = m.z0(); z < m.z1(); z++) {
            for (int y = m.y0(); y < m.y1(); y++) {
                int to = out.rowStart(y, z);
                for (int dz = -1; dz <= 1; dz++) {
                    for (int dy = -1; dy <= 1; dy++) {
                        boolean alone = dy == 0 && dz == 0 || neighbours.joins(0, dy, dz);
                        if (!alone || !m.hasRow(y + dy, z + dz)) {
                            continue;
                        }
                        spread(m, m.rowStart(y + dy, z + dz), out, to, neighbours.joins(1, dy, dz));
                    }
                }
                int beyond = (out.wordX0() + out.wordsPerRow() << 6) - endX;
                if (beyond > 0 && beyond < 64) {
                    out.words()[to + out.wordsPerRow() - 1] &= -1L >>> beyond;
                }
            }
        }
        return out;
    }

    private static void spread(BitMask m, int from, BitMask out, int to, boolean sideways) {
        int n = m.wordsPerRow();
        for (int w = 0; w < n; w++) {
            long bits = m.words()[from + w];
            if (sideways) {
                long before = w > 0 ? m.words()[from + w - 1] >>> 63 : 0;
                long after = w + 1 < n ? m.words()[from + w + 1] << 63 : 0;
                bits |= bits << 1 | before | bits >>> 1 | after;
            }
            out.words()[to + w] |= bits;
        }
    }
}
