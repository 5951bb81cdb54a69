package org.segmeter.metric.calibration;

import org.segmeter.metric.loss.Region;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The voxels near the boundary of a structure, where probabilities are tested: calibration over a whole volume is mostly that of
 * trivial background.
 */
public final class BoundaryBand {

    private BoundaryBand() {}

    /**
     * The voxels within a number of face-neighbour steps of the boundary, on both sides of it.
     *
     * @param structure its boundary
     * @param box the band is limited to it
     * @param steps at least 1
     * @return a region of the box; without voxels where the structure is empty
     */
    public static Region of(BitMask structure, Box box, int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("a band is at least one voxel wide: " + steps);
        }
        Box around =
                structure.isEmpty() ? Box.EMPTY : structure.box().grown(steps).intersection(box);
        BitMask outer = copy(structure, around);
        BitMask inner = outer;
        for (int i = 0; i < steps; i++) {
            outer = step(outer, around, true);
            inner = step(inner, around, false);
        }
        long[] words = outer.words();
        for (int i = 0; i < words.length; i++) {
            words[i] &= ~inner.words()[i];
        }
        return new Region(box, outer);
    }

    private static BitMask copy(BitMask from, Box box) {
        BitMask to = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int w = 0; w < to.wordsPerRow(); w++) {
                    to.words()[to.rowStart(y, z) + w] = word(from, to.wordX0() + w, y, z) & valid(box, to.wordX0() + w);
                }
            }
        }
        return to;
    }

    /** One dilation or erosion by the six face neighbours; beyond the box there is nothing of the structure. */
    private static BitMask step(BitMask from, Box box, boolean dilate) {
        BitMask to = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int i = 0; i < to.wordsPerRow(); i++) {
                    int w = to.wordX0() + i;
                    long here = word(from, w, y, z);
                    long left = here << 1 | word(from, w - 1, y, z) >>> 63;
                    long right = here >>> 1 | word(from, w + 1, y, z) << 63;
                    long up = word(from, w, y - 1, z);
                    long down = word(from, w, y + 1, z);
                    long front = word(from, w, y, z - 1);
                    long back = word(from, w, y, z + 1);
                    long moved = dilate
                            ? here | left | right | up | down | front | back
                            : here & left & right & up & down & front & back;
                    to.words()[to.rowStart(y, z) + i] = moved & valid(box, w);
                }
            }
        }
        return to;
    }

    private static long valid(Box box, int w) {
        int from = Math.max(0, box.x0() - (w << 6));
        int to = Math.min(64, box.x1() - (w << 6));
        return from >= to ? 0 : -1L << from & -1L >>> 64 - to;
    }

    private static long word(BitMask mask, int w, int y, int z) {
        int i = w - mask.wordX0();
        return i < 0 || i >= mask.wordsPerRow() || !mask.hasRow(y, z) ? 0 : mask.words()[mask.rowStart(y, z) + i];
    }
}
