package org.segmeter.volume;

/**
 * A set of voxels of a grid. {@link BitMask} holds a bit per voxel of a box, the usual case; {@link PointMask} a sorted list,
 * for sets scattered so thinly that their box would cost more (65,535 labels of noise).
 */
public sealed interface Mask extends Voxels permits BitMask, PointMask {

    /** The smallest box that holds every voxel of the set; {@link Box#EMPTY} for the empty set. */
    Box box();

    /** Number of voxels in the set. */
    long count();

    boolean contains(int x, int y, int z);

    /** Number of voxels in both sets; both on the same grid. */
    long intersectionCount(Mask other);

    /** The same set as bits. */
    BitMask toBitMask();

    default boolean isEmpty() {
        return count() == 0;
    }
}
