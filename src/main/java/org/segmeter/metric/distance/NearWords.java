package org.segmeter.metric.distance;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds near points for up to 64 queries of a row at once: whether any of them is a step away from a point is one operation on words. Where
 * queries lie together, the points around them grow, by faces and by corners in turn, until they have reached a query; the steps that they
 * have outgrown before cannot lead to it, and of the others, tried from the shortest on, the first that meets a point is the distance. What
 * is farther than all steps is left to others.
 *
 * <p>For one thread, and for some slices of a surface. What it costs depends on the rows with queries and those around them, not on
 * the extent of the surface.
 */
final class NearWords {

    /** Takes the queries that are farther from every point than any step leads. */
    interface FarQueries {
        /** @param columns bit i is column i of the 64 of row (y, z) */
        void add(int y, int z, long columns);
    }

    /** So many rows of a slice are looked at together at most: what is held does not grow with a slice. */
    private static final int MOST_ROWS = 4096;

    private final Surface from;
    private final PointSet set;
    private final NearSteps steps;
    private final int y0;
    private final int z0;
    private final int nz;

    /** What is asked for in each row, z fastest, and whether anything is, in the rows of each y. */
    private final long[] asked;

    private final BitSet askedOfY = new BitSet();

    /** How many queries of each class were found at each length of a step; null where there were none. */
    private final long[] @Nullable [] found;

    // The window: rows with queries, and those from which a step leads to them. Before its first row and behind its
    // last one there are
    // empty words, so that neither steps nor growing need ask for an end.

    private int windowY;
    private int windowZ;
    private int windowNy;
    private int margin;

    /** The rows that have both points and queries above and below them, or one of both: in others nothing grows that will be met. */
    private int growFrom;

    private int growTo;

    /** The points in 64 columns of each row; what they have grown to. */
    private long[] points = {};

    private long[] grown = {};
    private long[] next = {};

    /** From a row to the one that a step leads to, as far as it was needed. */
    private final int[] offsets;

    private int offsetsKnown;

    /** Rows of the window with queries: those that no point has reached so far, and those that one has, but no step. */
    private int[] rows = new int[64];

    private long[] queries = new long[64];
    private long[] beside = new long[64];

    // The word whose points are asked for.

    private int wordX;
    private int shift;

    /** The codes of the points of the row that is looked at, eight in a word; which of these words are known. */
    private final long[] codes = new long[8];

    private int codesKnown;
    private Surface.@Nullable Neighbourhood around;

    /**
     * @param from whose points are the queries
     * @param set that the nearest point is looked for in
     * @param firstZ the first slice with queries; {@code nz}, how many may have some
     */
    NearWords(Surface from, PointSet set, NearSteps steps, int firstZ, int nz) {
        this.from = from;
        this.set = set;
        this.steps = steps;
        this.nz = nz;
        y0 = from.points().y0;
        z0 = firstZ;
        asked = new long[Math.multiplyExact(from.points().ny, nz)];
        found = new long[steps.squares.length][];
        offsets = new int[steps.count()];
    }

    /**
     * Asks for columns of a row, none of which is a point of the set; at most once a row until they are searched for.
     *
     * @param columns bit i is column i of the 64
     */
    void ask(int y, int z, long columns) {
        asked[(y - y0) * nz + z - z0] = columns;
        askedOfY.set(y - y0);
    }

    /**
     * Finds all that was asked for since the last time, and counts it.
     *
     * @param wordX the word of the points of the surface that is asked about
     * @param shift by how many columns the 64 lie behind those of the word; all that is asked for lies in both
     */
    void search(int wordX, int shift, FarQueries far) {
        this.wordX = wordX;
        this.shift = shift;
        for (int first = askedOfY.nextSetBit(0); first >= 0; ) {
            int last = first;
            int y = askedOfY.nextSetBit(first + 1);
            // Nearer ones would share rows around them.
            while (y >= 0 && y - last <= 2 * steps.reachY && y - first < MOST_ROWS) {
                last = y;
                y = askedOfY.nextSetBit(last + 1);
            }
            together(first, last + 1, far);
            first = y;
        }
        askedOfY.clear();
    }

    /** Finds what was asked for in the rows from one y to before another, both counted from the first. */
    private void together(int first, int end, FarQueries far) {
        int lowest = nz;
        int highest = -1;
        int n = 0;
        for (int j = askedOfY.nextSetBit(first); j >= 0 && j < end; j = askedOfY.nextSetBit(j + 1)) {
            for (int k = 0; k < nz; k++) {
                if (asked[j * nz + k] != 0) {
                    lowest = Math.min(lowest, k);
                    highest = Math.max(highest, k);
                    n++;
                }
            }
        }
        place(first, end, lowest, highest + 1);
        hold(n);
        n = 0;
        for (int j = askedOfY.nextSetBit(first); j >= 0 && j < end; j = askedOfY.nextSetBit(j + 1)) {
            for (int k = lowest; k <= highest; k++) {
                long columns = asked[j * nz + k];
                if (columns != 0) {
                    asked[j * nz + k] = 0;
                    rows[n] = margin + (z0 + k - windowZ) * windowNy + y0 + j - windowY;
                    queries[n] = columns;
                    beside[n++] = 0;
                }
            }
        }
        if (look()) {
            reach(n);
        }
        for (int i = 0; i < n; i++) {
            if (queries[i] != 0) {
                int row = rows[i] - margin;
                far.add(windowY + row % windowNy, windowZ + row / windowNy, queries[i]);
            }
        }
    }

    /** Lays the window around rows with queries, counted from the first. */
    private void place(int firstY, int endY, int firstZ, int endZ) {
        windowY = y0 + firstY - steps.reachY;
        windowNy = endY - firstY + 2 * steps.reachY;
        windowZ = z0 + firstZ - steps.reachZ;
        int slices = endZ - firstZ + 2 * steps.reachZ;
        margin = windowNy + 1;
        int size = Math.addExact(Math.multiplyExact(windowNy, slices), 2 * margin);
        if (points.length < size) {
            points = new long[size];
            grown = new long[size];
            next = new long[size];
        }
        int from = Math.max(0, Math.min(set.z0 - windowZ, steps.reachZ));
        int to = Math.min(slices, Math.max(set.z0 + set.nz - windowZ, slices - steps.reachZ));
        growFrom = margin + from * windowNy;
        growTo = margin + to * windowNy;
        Arrays.fill(points, 0, size, 0);
        // What grows grows there only, and meets nothing elsewhere.
        Arrays.fill(grown, 0, growFrom, 0);
        Arrays.fill(grown, growTo, size, 0);
        Arrays.fill(next, 0, growFrom, 0);
        Arrays.fill(next, growTo, size, 0);
        offsetsKnown = 0;
    }

    private void hold(int n) {
        if (rows.length < n) {
            int more = Math.max(n, 2 * rows.length);
            rows = new int[more];
            queries = new long[more];
            beside = new long[more];
        }
    }

    /** Takes the points of the window's rows; false if there are none. */
    private boolean look() {
        int x = (wordX << 6) + shift;
        int word = (x >> 6) - set.wordX0;
        int bits = x & 63;
        boolean low = word >= 0 && word < set.stride;
        boolean high = bits != 0 && word + 1 >= 0 && word + 1 < set.stride;
        int fromY = Math.max(windowY, set.y0);
        int toY = Math.min(windowY + windowNy, set.y0 + set.ny);
        if (!low && !high || fromY >= toY) {
            return false;
        }
        long any = 0;
        int toZ = Math.min(windowZ + (growTo - margin) / windowNy, set.z0 + set.nz);
        for (int z = Math.max(windowZ + (growFrom - margin) / windowNy, set.z0); z < toZ; z++) {
            int to = margin + (z - windowZ) * windowNy + fromY - windowY;
            int at = set.row(fromY, z) + word;
            any |= copy(low ? at : -1, high ? at + 1 : -1, bits, to, toY - fromY);
        }
        return any != 0;
    }

    /** The columns of some rows, from the words at an index and those after them; below 0 there are none. */
    private long copy(int low, int high, int bits, int to, int count) {
        long[] words = set.words;
        int stride = set.stride;
        long any = 0;
        for (int i = 0; i < count; i++) {
            long columns = (low < 0 ? 0 : words[low + i * stride] >>> bits)
                    | (high < 0 ? 0 : words[high + i * stride] << 64 - bits);
            points[to + i] = columns;
            any |= columns;
        }
        return any;
    }

    /** Lets the points grow until they have reached all of the first n queries that are near, and leaves those that are not. */
    private void reach(int n) {
        System.arraycopy(points, growFrom, grown, growFrom, growTo - growFrom);
        int all = steps.count();
        int tried = all;
        boolean left = true;
        for (int growths = 0; left && steps.firstOutside(growths) < all; growths++) {
            grow(growths % 2 == 0);
            int first = steps.firstOutside(growths);
            int end = steps.endInside(growths + 1);
            left = false;
            for (int i = 0; i < n; i++) {
                long reached = queries[i] & grown[rows[i]];
                if (reached != 0) {
                    queries[i] &= ~reached;
                    long missed = count(reached, rows[i], first, end);
                    if (missed != 0) {
                        // Reached by more than the steps, as across an end of the window: a longer step may still lead
                        // there.
                        beside[i] |= missed;
                        tried = Math.min(tried, end);
                    }
                }
                left |= queries[i] != 0;
            }
        }
        for (int i = 0; i < n; i++) {
            if (beside[i] != 0) {
                queries[i] |= count(beside[i], rows[i], tried, all);
            }
        }
    }

    /**
     * To the neighbours that share a face, or else to those that share any corner. Across the ends of a slice's rows it grows too much, never
     * too little.
     */
    private void grow(boolean faces) {
        int slice = windowNy;
        // Slice by slice: what is called often is compiled soon, also where there is little to do.
        if (faces) {
            for (int at = growFrom; at < growTo; at += slice) {
                byFaces(grown, next, at, at + slice, slice);
            }
            long[] old = grown;
            grown = next;
            next = old;
        } else {
            for (int at = growFrom; at < growTo; at += slice) {
                along(grown, next, at, at + slice);
            }
            for (int at = growFrom; at < growTo; at += slice) {
                acrossRows(next, grown, at, at + slice, slice);
            }
        }
    }

    private static void byFaces(long[] from, long[] to, int first, int end, int slice) {
        for (int i = first; i < end; i++) {
            long w = from[i];
            to[i] = w | w << 1 | w >>> 1 | from[i - 1] | from[i + 1] | from[i - slice] | from[i + slice];
        }
    }

    private static void along(long[] from, long[] to, int first, int end) {
        for (int i = first; i < end; i++) {
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

    /** Counts queries of a row by the first of some steps that meets a point; those that none does are answered. */
    private long count(long some, int row, int first, int end) {
        know(end);
        codesKnown = 0;
        around = null;
        int[] along = steps.x;
        long[] words = points;
        long left = some;
        for (int i = first; i < end; i++) {
            long there = words[row + offsets[i]];
            long met = left & (there << along[i] | there >>> along[i]);
            if (met != 0) {
                add(met, row, steps.length[i]);
                left &= ~met;
                if (left == 0) {
                    break;
                }
            }
        }
        return left;
    }

    private void know(int end) {
        for (int i = offsetsKnown; i < end; i++) {
            offsets[i] = steps.z[i] * windowNy + steps.y[i];
        }
        offsetsKnown = Math.max(offsetsKnown, end);
    }

    private void add(long met, int row, int length) {
        long[] ofClass = found[length];
        if (ofClass == null) {
            ofClass = new long[from.weights().length];
            found[length] = ofClass;
        }
        Surface.Neighbourhood voxels = around;
        if (voxels == null) {
            voxels = from.around(wordX, windowY + (row - margin) % windowNy, windowZ + (row - margin) / windowNy);
            around = voxels;
        }
        if (voxels == null) {
            ofClass[0] += Long.bitCount(met);
            return;
        }
        byte[] classOf = from.classOf();
        for (long left = met; left != 0; left &= left - 1) {
            int bit = Long.numberOfTrailingZeros(left) + shift;
            int eight = bit >> 3;
            if ((codesKnown >> eight & 1) == 0) {
                codes[eight] = voxels.codes(eight);
                codesKnown |= 1 << eight;
            }
            ofClass[classOf[(int) (codes[eight] >>> 8 * (bit & 7)) & 255]]++;
        }
    }

    /** Adds what was found. */
    void addTo(DistanceCounts counts) {
        for (int i = 0; i < found.length; i++) {
            long[] ofClass = found[i];
            for (int c = 0; ofClass != null && c < ofClass.length; c++) {
                if (ofClass[c] != 0) {
                    counts.add(steps.squares[i], c, ofClass[c]);
                }
            }
        }
    }
}
