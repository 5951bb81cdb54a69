package org.segmeter.metric.distance;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds near points for all queries of a row of 64 columns at once: whether any of them is a step away from a point is one operation on
 * words. The points grow, by faces and by corners in turn, until they have reached a query; the steps that they have outgrown before
 * cannot lead to it, and of the others, tried in the order of what they cost, the first that meets a point is the distance. What is
 * farther than all steps is left to others. For one thread, and for the rows of a box.
 */
final class NearWords {

    /** Takes the queries that are farther away. */
    interface FarQueries {
        /**
         * @param place that was given with them
         * @param queries bit i is column i of the 64
         */
        void add(int place, long queries);
    }

    private final PointSet set;
    private final NearSteps steps;
    private final int y0;
    private final int z0;
    private final int ny;
    private final int nz;

    /** Empty words before the first row and behind the last one, so that growing need not ask for an end. */
    private final int margin;

    /** The points in 64 columns of each row within reach. */
    private final long[] points;

    private long[] grown;
    private long[] next;

    /** From a row to the one that a step leads to, as far as it was needed. */
    private int[] offsets = new int[0];

    /** How many queries of class 0 were found at each of these steps. */
    private long[] found = new long[0];

    /** Queries that are looked for: the row, the columns, and what stands for them. */
    private final int[] rows;

    private final long[] queries;
    private final int[] places;
    private int asked;

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
        margin = ny + 1;
        points = new long[Math.addExact(Math.multiplyExact(ny, nz), 2 * margin)];
        grown = new long[points.length];
        next = new long[points.length];
        rows = new int[countY * countZ];
        queries = new long[rows.length];
        places = new int[rows.length];
    }

    /** Asks for columns of a row, none of which is a point itself; at most once a row. */
    void ask(int y, int z, long columns, int place) {
        rows[asked] = margin + (z - z0) * ny + y - y0;
        queries[asked] = columns;
        places[asked] = place;
        asked++;
    }

    /**
     * Finds all that was asked for since the last time, and counts it.
     *
     * @param x the first of the 64 columns
     */
    void search(int x, Surface from, DistanceCounts counts, FarQueries far) {
        if (asked == 0) {
            return;
        }
        look(x);
        System.arraycopy(points, 0, grown, 0, points.length);
        int all = steps.cost.length;
        int left = asked;
        asked = 0;
        for (int growths = 0; left > 0 && steps.firstOutside(growths) < all; growths++) {
            grow(growths);
            int first = steps.firstOutside(growths);
            int end = steps.endInside(growths + 1);
            reach(end);
            int kept = 0;
            for (int i = 0; i < left; i++) {
                kept = settle(i, kept, first, end, x, from, counts, far);
            }
            left = kept;
        }
        for (int i = 0; i < left; i++) {
            far.add(places[i], queries[i]);
        }
    }

    /** Counts those queries of a row that were reached, and keeps the others behind those that are kept already. */
    private int settle(
            int i, int kept, int first, int end, int x, Surface from, DistanceCounts counts, FarQueries far) {
        long near = queries[i] & grown[rows[i]];
        if (near != 0) {
            queries[i] &= ~near;
            long missed = found(near, rows[i], first, end, x, from, counts);
            if (missed != 0) {
                far.add(places[i], missed);
            }
        }
        if (queries[i] == 0) {
            return kept;
        }
        rows[kept] = rows[i];
        places[kept] = places[i];
        queries[kept] = queries[i];
        return kept + 1;
    }

    private void look(int x) {
        int word = (x >> 6) - set.wordX0;
        int shift = x & 63;
        boolean low = word >= 0 && word < set.stride;
        boolean high = shift != 0 && word + 1 >= 0 && word + 1 < set.stride;
        Arrays.fill(points, 0);
        if (!low && !high) {
            return;
        }
        int fromY = Math.max(y0, set.y0);
        int toY = Math.min(y0 + ny, set.y0 + set.ny);
        int toZ = Math.min(z0 + nz, set.z0 + set.nz);
        for (int z = Math.max(z0, set.z0); fromY < toY && z < toZ; z++) {
            int to = margin + (z - z0) * ny - y0;
            int at = set.row(fromY, z) + word;
            copy(low ? at : -1, high ? at + 1 : -1, shift, to + fromY, toY - fromY);
        }
    }

    /** The columns of some rows, from the words at an index and those after them; below 0 there are none. */
    private void copy(int low, int high, int shift, int to, int count) {
        long[] words = set.words;
        int stride = set.stride;
        for (int i = 0; i < count; i++) {
            points[to + i] = (low < 0 ? 0 : words[low + i * stride] >>> shift)
                    | (high < 0 ? 0 : words[high + i * stride] << (64 - shift));
        }
    }

    /** To the neighbours that share a face, or any corner, in turn. Beyond the ends of a row of rows it grows too much, never too little. */
    private void grow(int before) {
        boolean faces = before % 2 == 0;
        int end = points.length - margin;
        if (faces) {
            // Slice by slice: what is called often is compiled soon, also where there is little to do.
            for (int slice = margin; slice < end; slice += ny) {
                byFaces(grown, next, slice, slice + ny, ny);
            }
            long[] old = grown;
            grown = next;
            next = old;
        } else {
            for (int slice = 0; slice < nz; slice++) {
                along(grown, next, margin + slice * ny, ny);
            }
            for (int slice = margin; slice < end; slice += ny) {
                acrossRows(next, grown, slice, slice + ny, ny);
            }
        }
    }

    private static void byFaces(long[] from, long[] to, int first, int end, int slice) {
        for (int i = first; i < end; i++) {
            long w = from[i];
            to[i] = w | w << 1 | w >>> 1 | from[i - 1] | from[i + 1] | from[i - slice] | from[i + slice];
        }
    }

    private static void along(long[] from, long[] to, int first, int count) {
        for (int i = first; i < first + count; i++) {
            long w = from[i];
            to[i] = w | w << 1 | w >>> 1;
        }
    }

    private static void acrossRows(long[] from, long[] to, int first, int end, int slice) {
        for (int i = first; i < end; i++) {
            to[i] = from[i - 1]
                    | from[i]
                    | from[i + 1]
                    | from[i - slice - 1]
                    | from[i - slice]
                    | from[i - slice + 1]
                    | from[i + slice - 1]
                    | from[i + slice]
                    | from[i + slice + 1];
        }
    }

    private void reach(int count) {
        int known = offsets.length;
        if (known < count) {
            offsets = Arrays.copyOf(offsets, count);
            found = Arrays.copyOf(found, count);
            for (int i = known; i < count; i++) {
                offsets[i] = steps.z[i] * ny + steps.y[i];
            }
        }
    }

    /** Counts queries of a row by the first of some steps that meets a point; those that none does are answered. */
    private long found(long near, int row, int first, int end, int x, Surface from, DistanceCounts counts) {
        int[] along = steps.x;
        int[] offset = offsets;
        long[] words = points;
        long left = near;
        for (int i = first; i < end; i++) {
            long there = words[row + offset[i]];
            long met = left & (there << along[i] | there >>> along[i]);
            if (met != 0) {
                if (from.voxels() == null) {
                    found[i] += Long.bitCount(met);
                } else {
                    add(met, steps.cost[i], row, x, from, counts);
                }
                left &= ~met;
                if (left == 0) {
                    break;
                }
            }
        }
        return left;
    }

    private void add(long met, double square, int row, int x, Surface from, DistanceCounts counts) {
        int y = (row - margin) % ny + y0;
        int z = (row - margin) / ny + z0;
        Surface.@Nullable Neighbourhood around = null;
        int word = 0;
        for (long left = met; left != 0; left &= left - 1) {
            int column = x + Long.numberOfTrailingZeros(left);
            if (around == null || column >> 6 != word) {
                word = column >> 6;
                around = from.around(word, y, z);
            }
            counts.add(square, around == null ? 0 : from.classAt(around, column & 63), 1);
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
