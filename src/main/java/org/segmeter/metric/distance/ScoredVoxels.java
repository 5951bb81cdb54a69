package org.segmeter.metric.distance;

import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The voxels of a volume that something is known about. A piece of surface next to a voxel outside them is an artefact of where they
 * end and no part of the structure's surface; the edge of the volume itself is no such end, for there the background is known to begin.
 *
 * @param voxels that are scored, at least within one voxel around both masks
 * @param volume all voxels of the volume
 */
public record ScoredVoxels(BitMask voxels, Box volume) {

    /** The voxels of a box that are in the volume, but not scored. */
    PointSet unscored(Box box) {
        return PointSet.voxels(voxels, box.intersection(volume), true);
    }
}
