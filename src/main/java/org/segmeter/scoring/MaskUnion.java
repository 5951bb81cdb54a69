package org.segmeter.scoring;

import java.util.List;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;

/** The voxels that are in any of several masks. */
final class MaskUnion {

    private MaskUnion() {}

    static BitMask of(List<Mask> masks) {
        if (masks.isEmpty()) {
            return new BitMask(Box.EMPTY);
        }
        if (masks.size() == 1) {
            return masks.getFirst().toBitMask();
        }
        Box box = Box.EMPTY;
        for (Mask mask : masks) {
            box = box.union(mask.box());
        }
        BitMask result = new BitMask(box);
        for (Mask mask : masks) {
            switch (mask) {
                case PointMask points -> points.forEach(result::set);
                case BitMask bits -> add(bits, result);
            }
        }
        return result;
    }

    private static void add(BitMask from, BitMask to) {
        Box box = from.box();
        if (box.isEmpty()) {
            return;
        }
        long[] source = from.words();
        long[] target = to.words();
        int first = box.x0() >> 6;
        int n = (box.x1() + 63 >> 6) - first;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int i = from.rowStart(y, z) + first - from.wordX0();
                int j = to.rowStart(y, z) + first - to.wordX0();
                for (int w = 0; w < n; w++) {
                    target[j + w] |= source[i + w];
                }
            }
        }
    }
}
