package org.segmeter.scoring;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Mask;

/**
 * What a misplacement of half a voxel alone costs: the Dice of a mask with itself moved by half a voxel. Voxels as boxes: moved by half
 * a voxel each shares half with its own place and half with the neighbour's, so that the intersection is (n + n1) / 2, n1 the voxels
 * shared with the mask moved by a whole voxel, exactly.
 */
final class HalfVoxelShift {

    private HalfVoxelShift() {}

    /** The least over the three axes; null for the empty mask. */
    static @Nullable Double dice(BitMask mask) {
        long n = mask.count();
        if (n == 0) {
            return null;
        }
        long fewest = n;
        for (int axis = 0; axis < 3; axis++) {
            Mask moved = Reindexing.NONE
                    .shifted(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0)
                    .apply(mask);
            fewest = Math.min(fewest, mask.intersectionCount(moved));
        }
        return (n + fewest) / (2.0 * n);
    }
}
