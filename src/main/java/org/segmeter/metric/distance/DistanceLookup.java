package org.segmeter.metric.distance;

/**
 * How far the nearest point of a set is, asked by one thread. Which way of finding it is cheaper depends on where the queries lie;
 * the answers have the same bits: the smallest of {@code (y + z) + x} over the points, each the cost of the step along an axis.
 */
sealed interface DistanceLookup permits NearestPoint.Search, RowSweep {

    /** The squared distance in mm2 from (x, y, z) to the nearest point of the set. */
    double squared(int x, int y, int z);
}
