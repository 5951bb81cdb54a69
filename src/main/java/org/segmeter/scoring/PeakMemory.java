package org.segmeter.scoring;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Voxels;

/**
 * What scoring takes of memory at its peak once both sides lie on one grid: their voxels, what is made of the values of a segment, and while a
 * pair is measured its surfaces, then its rows of voxels in objects (runs) and those objects. The sizes are those of the arrays and objects
 * that are made; {@code MemoryBenchmark} (docs/benchmarks.md, "Memory") prints how far the sum is from the peak.
 */
final class PeakMemory {

    /** A segment's values. */
    private static final long OF_SEGMENT = 10 << 10;

    /** A run of voxels of four rows together while objects are found and matched: where it begins, where it ends, its object; integers. */
    private static final long OF_RUN = 3 * 4;

    /** An object while it is found: its size, its bounds as six integers, and its number. */
    private static final long OF_OBJECT = 8 + 6 * 4 + 4;

    /** And while partners are looked for: where they begin in the list of all, or with whom they compete and how many they are. */
    private static final long OF_OBJECT_IN_LIST = 8 + 6 * 4 + 2 * 4;

    /** Two objects that have a voxel in common: their place in the table of pairs, which is half empty, and in the list of all. */
    private static final long OF_PARTNERS = 3 * 16 + 20;

    /** What a part of a surface counts: squares, classes and numbers of 256 distances, and numbers of 256 neighbourhoods. */
    private static final long OF_PART = 256 * (8 + 4 + 8 + 8);

    /** Rows of a part, as {@code DirectedSearch} has them. */
    private static final long ROWS_OF_PART = 8192;

    /** A row of a part while near points are looked for: 64 points three times, the queries, and where both are. */
    private static final long OF_ROW_OF_PART = 4 * 8 + 2 * 4;

    /** Edge of the cells by which it is seen that structures lie far apart, as a power of two: about as far as near points are looked for. */
    private static final int CELL = 4;

    private PeakMemory() {}

    /**
     * What a set of voxels is made of.
     *
     * @param runs of two rows of two slices together, as {@link org.segmeter.metric.instance.Components} has them
     * @param objects an upper bound that is nearly reached where they are many
     */
    record Structure(Box box, long runs, long objects) {
        private static final Structure NOTHING = new Structure(Box.EMPTY, 0, 0);

        /**
         * The voxels and the corners of the surface as bits, in rows with a word more at each end; the corners of each four rows together;
         * what their distances are counted in; and for each of two threads the step along y to the nearest point, a number for each column of each slice.
         */
        private double surface() {
            if (box.isEmpty()) {
                return 0;
            }
            double corners = corners();
            return 8 * words() * ((double) box.ny() * box.nz() + 1.25 * corners)
                    + OF_PART * Math.ceil(corners / ROWS_OF_PART)
                    + 8.0 * box.nx() * box.nz();
        }

        /** The corners once more: those that lie far from the other surface. */
        private double far() {
            return box.isEmpty() ? 0 : 8 * words() * corners();
        }

        private double rowsOfPart() {
            return box.isEmpty() ? 0 : OF_ROW_OF_PART * Math.min(ROWS_OF_PART, corners());
        }

        private double words() {
            return (box.x1() + 64 >> 6) - (box.x0() >> 6) + 2;
        }

        private double corners() {
            return (box.ny() + 1.0) * (box.nz() + 1.0);
        }

        private double whileObjectsAreFound() {
            return bundles() + OF_RUN * (double) runs + OF_OBJECT * (double) objects;
        }

        private double whileObjectsAreMatched() {
            return bundles() + OF_RUN * (double) runs + OF_OBJECT_IN_LIST * (double) objects;
        }

        private double bundles() {
            return (double) box.ny() * box.nz();
        }
    }

    /**
     * @param voxels all that are held, each counted once
     * @param measured what measuring each entry takes, as {@link #ofPair} says
     * @param threads that measure at the same time
     * @param protocols that an entry has values of
     */
    static long of(List<Voxels> voxels, double[] measured, int threads, int protocols) {
        Set<Voxels> once = Collections.newSetFromMap(new IdentityHashMap<>());
        double bytes = 0;
        for (Voxels one : voxels) {
            if (once.add(one)) {
                bytes += held(one);
            }
        }
        double[] sorted = measured.clone();
        Arrays.sort(sorted);
        // The largest comes first, when there are no values yet.
        double most = 0;
        for (int done = 0; done < sorted.length; done++) {
            double now = (double) done * protocols * OF_SEGMENT;
            for (int i = done; i < Math.min(done + threads, sorted.length); i++) {
                now += sorted[sorted.length - 1 - i] + (double) protocols * OF_SEGMENT;
            }
            most = Math.max(most, now);
        }
        return (long) (bytes + most);
    }

    /**
     * What measuring a pair takes beside its masks: its surfaces and its objects, one after the other.
     *
     * @param common voxels that are in both
     */
    static double ofPair(Mask prediction, Mask reference, long common) {
        Structure p = structure(prediction);
        Structure r = structure(reference);
        // Both sides at the same time, each of these after the other.
        return Math.max(
                p.surface()
                        + r.surface()
                        + Math.max(p.rowsOfPart(), r.rowsOfPart())
                        + (areApart(prediction, reference) ? p.far() + r.far() : 0),
                Math.max(
                        p.whileObjectsAreFound() + r.whileObjectsAreFound(),
                        p.whileObjectsAreMatched()
                                + r.whileObjectsAreMatched()
                                + OF_PARTNERS * (double) Math.min(common, Math.max(p.objects(), r.objects()))));
    }

    /** True if some voxels of one side surely lie far from all of the other: in a cell without a neighbour of the other side's. */
    private static boolean areApart(Mask prediction, Mask reference) {
        if (prediction.isEmpty() || reference.isEmpty()) {
            return false;
        }
        Box box = prediction.box().union(reference.box());
        int x0 = box.x0() >> CELL;
        int y0 = box.y0() >> CELL;
        int z0 = box.z0() >> CELL;
        Box cells = new Box(
                0,
                0,
                0,
                (box.x1() - 1 >> CELL) - x0 + 1,
                (box.y1() - 1 >> CELL) - y0 + 1,
                (box.z1() - 1 >> CELL) - z0 + 1);
        BitMask p = cells(prediction, cells, x0, y0, z0);
        BitMask r = cells(reference, cells, x0, y0, z0);
        return hasAlone(p, r) || hasAlone(r, p);
    }

    private static BitMask cells(Mask mask, Box cells, int x0, int y0, int z0) {
        BitMask occupied = new BitMask(cells);
        switch (mask) {
            case PointMask points ->
                points.forEach((x, y, z) -> occupied.set((x >> CELL) - x0, (y >> CELL) - y0, (z >> CELL) - z0));
            case BitMask bits -> {
                long part = (1L << (1 << CELL)) - 1;
                for (int z = bits.z0(); z < bits.z1(); z++) {
                    for (int y = bits.y0(); y < bits.y1(); y++) {
                        int row = bits.rowStart(y, z);
                        for (int w = 0; w < bits.wordsPerRow(); w++) {
                            for (long left = bits.words()[row + w]; left != 0; ) {
                                int cell = Long.numberOfTrailingZeros(left) >> CELL;
                                left &= ~(part << (cell << CELL));
                                occupied.set(
                                        (bits.wordX0() + w << 6 - CELL) + cell - x0,
                                        (y >> CELL) - y0,
                                        (z >> CELL) - z0);
                            }
                        }
                    }
                }
            }
        }
        return occupied;
    }

    private static boolean hasAlone(BitMask some, BitMask others) {
        Box box = some.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (some.contains(x, y, z) && !hasNear(others, x, y, z)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean hasNear(BitMask cells, int x, int y, int z) {
        for (int k = z - 1; k <= z + 1; k++) {
            for (int j = y - 1; j <= y + 1; j++) {
                for (int i = x - 1; i <= x + 1; i++) {
                    if (cells.contains(i, j, k)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static long held(Voxels voxels) {
        return switch (voxels) {
            case BitMask bits -> 8L * bits.words().length;
            case PointMask points -> 4 * points.count();
            case ProbabilityVolume soft -> (soft.logits() == null ? 4L : 8L) * soft.values().length;
        };
    }

    static Structure structure(Mask mask) {
        if (mask.isEmpty()) {
            return Structure.NOTHING;
        }
        if (mask instanceof PointMask points) {
            // Scattered: hardly two are neighbours.
            Box box = points.box();
            return new Structure(box, points.count(), points.count());
        }
        BitMask bits = mask.toBitMask();
        Box box = bits.box();
        return new Structure(box, runs(bits, box), objects(bits, box));
    }

    private static long runs(BitMask bits, Box box) {
        long[] four = new long[bits.wordsPerRow() + 2];
        long runs = 0;
        for (int z = box.z0(); z < box.z1(); z += 2) {
            for (int y = box.y0(); y < box.y1(); y += 2) {
                Arrays.fill(four, 0);
                add(bits, y, z, four);
                add(bits, y + 1, z, four);
                add(bits, y, z + 1, four);
                add(bits, y + 1, z + 1, four);
                for (int w = 1; w + 1 < four.length; w++) {
                    runs += Long.bitCount(four[w] & ~(four[w] << 1 | four[w - 1] >>> 63));
                }
            }
        }
        return runs;
    }

    /**
     * Runs of a row without a neighbour in the rows before it: each begins an object, or will be joined to one. Word by word, so that one
     * that goes on in the next word may be counted twice.
     */
    private static long objects(BitMask bits, Box box) {
        long objects = 0;
        int width = bits.wordsPerRow();
        long[] words = bits.words();
        long[] above = new long[width + 2];
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                Arrays.fill(above, 0);
                add(bits, y - 1, z, above);
                add(bits, y - 1, z - 1, above);
                add(bits, y, z - 1, above);
                add(bits, y + 1, z - 1, above);
                int row = bits.rowStart(y, z);
                for (int w = 0; w < width; w++) {
                    long word = words[row + w];
                    if (word != 0) {
                        // Words have an empty one before and behind, for the neighbours of their ends.
                        long near = above[w + 1]
                                | above[w + 1] << 1
                                | above[w] >>> 63
                                | above[w + 1] >>> 1
                                | above[w + 2] << 63;
                        long alone = word & ~runsWith(word & near, word);
                        objects += Long.bitCount(alone & ~(alone << 1));
                    }
                }
            }
        }
        return objects;
    }

    /** The runs of a word in which some bits lie, whole. */
    private static long runsWith(long some, long word) {
        long up = some;
        long down = some;
        long along = word;
        long back = word;
        for (int step = 1; step < Long.SIZE; step *= 2) {
            up |= along & up << step;
            along &= along << step;
            down |= back & down >>> step;
            back &= back >>> step;
        }
        return up | down;
    }

    private static void add(BitMask bits, int y, int z, long[] above) {
        if (y >= bits.y0() && y < bits.y1() && z >= bits.z0() && z < bits.z1()) {
            int row = bits.rowStart(y, z);
            for (int w = 0; w < bits.wordsPerRow(); w++) {
                above[w + 1] |= bits.words()[row + w];
            }
        }
    }
}
