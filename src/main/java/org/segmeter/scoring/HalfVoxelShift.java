package org.segmeter.scoring;

import org.jspecify.annotations.Nullable;
import org.segmeter.metric.fragility.Envelope;
import org.segmeter.volume.BitMask;

/**
 * What a misplacement of half a voxel alone costs: the Dice of a mask with itself moved by half a voxel. Voxels as boxes: moved by half
 * a voxel each shares half with its own place and half with the neighbour's, so that the intersection is (n + n1) / 2, n1 the voxels
 * shared with the mask moved by a whole voxel, exactly.
 */
final class HalfVoxelShift {

    private HalfVoxelShift() {}

    /** The least over the three axes; null for the empty mask. */
    static @Nullable Double dice(BitMask mask) {
        if (mask.isEmpty()) {
            return null;
        }
        // Moved by a whole voxel, all voxels but the first of each run along that axis lie where another one was.
        Envelope envelope = Envelope.of(mask);
        long n = envelope.voxels();
        long fewest = n - Math.max(envelope.facesX(), Math.max(envelope.facesY(), envelope.facesZ()));
        return (n + fewest) / (2.0 * n);
    }
}
