package org.segmeter.metric.loss;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The voxels that are averaged over: a box of the grid, and optionally only the voxels of a mask in it (an ignore label left
 * out, a boundary band).
 *
 * @param box the evaluation box, with coordinates &gt;= 0; voxels that a side does not store count with probability 0
 * @param within null for the whole box
 */
public record Region(Box box, @Nullable BitMask within) {

    public static Region of(Box box) {
        return new Region(box, null);
    }
}
