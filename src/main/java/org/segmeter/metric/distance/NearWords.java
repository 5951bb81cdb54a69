package org.segmeter.metric.distance;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds near points for all queries of a row of 64 columns at once: whether any of them is a step away from a point is one operation on
 * words. Steps are tried in the order of what they cost, so the first that meets a point is the distance. What is farther than all
 * steps is left to others. For one thread, and for the rows of a box.
 */
final class NearWords {

    private final PointSet set;
    private final NearSteps steps;
    private final int y0;
    private final int z0;
    private final int ny;
    private final int nz;

    /** The points in 64 columns of each row within reach. */
    private final long[] rows;

    /** From a row to the one that a step leads to. */
    private final int[] offsets;

    /** How many queries were found at each step. */
    private final long[] found;

    /**
     * @param firstY of the queries' rows; likewise z
     * @param countY how many rows along y; likewise z
     */
    NearWords(PointSet set, NearSteps steps, int firstY, int countY, int firstZ, int countZ) {
        this.set = set;
        this.steps = steps;
        y0 = firstY - steps.reachY;
        z0 = firstZ - steps.reachZ;
        ny = countY + 2 * steps.reachY;
        nz = countZ + 2 * steps.reachZ;
        rows = new long[Math.multiplyExact(ny, nz)];
        offsets = new int[steps.cost.length];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = steps.z[i] * ny + steps.y[i];
        }
        found = new long[offsets.length];
    }

    /** Looks at the 64 columns from x on, from now on. */
    void moveTo(int x) {
        int word = (x >> 6) - set.wordX0;
        int shift = x & 63;
        boolean low = word >= 0 && word < set.stride;
        boolean high = shift != 0 && word + 1 >= 0 && word + 1 < set.stride;
        Arrays.fill(rows, 0);
        if (!low && !high) {
            return;
        }
        int fromY = Math.max(y0, set.y0);
        int toY = Math.min(y0 + ny, set.y0 + set.ny);
        int toZ = Math.min(z0 + nz, set.z0 + set.nz);
        for (int z = Math.max(z0, set.z0); z < toZ; z++) {
            int to = (z - z0) * ny - y0;
            int at = set.row(fromY, z) + word;
            for (int y = fromY; y < toY; y++, at += set.stride) {
                rows[to + y] = (low ? set.words[at] >>> shift : 0) | (high ? set.words[at + 1] << (64 - shift) : 0);
            }
        }
    }

    /**
     * Counts the queries of a row that are near, none of which is a point itself.
     *
     * @param queries bit i is column i of the 64
     * @param around the queries' neighbourhoods, null where all points have class 0
     * @param shift what is to be added to the index of a column to get that of the bit in {@code around}
     * @return the queries that are farther away
     */
    long search(
            long queries,
            int y,
            int z,
            Surface from,
            Surface.@Nullable Neighbourhood around,
            int shift,
            DistanceCounts counts) {
        int[] along = steps.x;
        int[] offset = offsets;
        long[] points = rows;
        int row = (z - z0) * ny + y - y0;
        long left = queries;
        for (int i = 0; i < offset.length; i++) {
            long there = points[row + offset[i]];
            long near = left & (there << along[i] | there >>> along[i]);
            if (near != 0) {
                if (around == null) {
                    found[i] += Long.bitCount(near);
                } else {
                    add(near, steps.cost[i], from, around, shift, counts);
                }
                left &= ~near;
                if (left == 0) {
                    break;
                }
            }
        }
        return left;
    }

    private static void add(
            long near, double square, Surface from, Surface.Neighbourhood around, int shift, DistanceCounts counts) {
        for (long bits = near; bits != 0; bits &= bits - 1) {
            counts.add(square, from.classAt(around, Long.numberOfTrailingZeros(bits) + shift), 1);
        }
    }

    /** Adds what was found of class 0. */
    void addTo(DistanceCounts counts) {
        for (int i = 0; i < found.length; i++) {
            if (found[i] != 0) {
                counts.add(steps.cost[i], 0, found[i]);
            }
        }
    }
}
