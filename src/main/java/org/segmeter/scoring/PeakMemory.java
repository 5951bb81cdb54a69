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
    private static final long OF_SEGMENT = 30 << 10;

    /** A row of voxels without a gap while objects are found: where it begins, where it ends, its parent, its object; all of them integers. */
    private static final long OF_RUN = 4 * 4;

    /** And then, without the parent. */
    private static final long OF_RUN_IN_OBJECT = 3 * 4;

    /** An object while it is found: its size, its bounds as six integers, its box and where that is. */
    private static final long OF_OBJECT = 8 + 6 * 4 + 40 + 4;

    /** And while partners are looked for: without the bounds, with a list of partners. */
    private static final long OF_OBJECT_IN_LIST = OF_OBJECT - 6 * 4 + 28;

    /** Two objects that have a voxel in common: their places in the lists of both, their pair, and its place in the table of pairs. */
    private static final long OF_PARTNERS = 2 * 56 + 32 + 3 * 16;

    /** What a part of a surface counts: squares, classes and numbers of 256 distances, and numbers of 256 neighbourhoods. */
    private static final long OF_PART = 256 * (8 + 4 + 8 + 8);

    /** Rows of a part, as {@code SurfaceDistances} has them. */
    private static final long ROWS_OF_PART = 2048;

    private PeakMemory() {}

    /** What a set of voxels is made of. */
    record Structure(Box box, long runs, long objects) {
        private static final Structure NOTHING = new Structure(Box.EMPTY, 0, 0);

        /**
         * The voxels and the corners of the surface as bits, in rows with a word more at each end; what their distances are counted in; and
         * for each of two threads the step along y to the nearest point, a number for each column of each slice.
         */
        private double surface() {
            if (box.isEmpty()) {
                return 0;
            }
            double words = (box.x1() + 64 >> 6) - (box.x0() >> 6) + 2;
            double rows = (double) box.ny() * box.nz();
            double corners = (box.ny() + 1.0) * (box.nz() + 1.0);
            return 8 * words * (rows + corners)
                    + OF_PART * Math.ceil(corners / ROWS_OF_PART)
                    + 8.0 * box.nx() * box.nz();
        }

        private double whileObjectsAreFound() {
            return rowStarts() + OF_RUN * (double) runs + OF_OBJECT * (double) objects;
        }

        private double whileObjectsAreMatched() {
            return rowStarts() + OF_RUN_IN_OBJECT * (double) runs + OF_OBJECT_IN_LIST * (double) objects;
        }

        private double rowStarts() {
            return 4.0 * box.ny() * box.nz();
        }
    }

    /**
     * @param voxels all that are held, each counted once
     * @param measured what measuring each entry takes, as {@link #ofPair} says
     * @param threads that measure at the same time
     * @param values how many times the values of a segment are made
     */
    static long of(List<Voxels> voxels, double[] measured, int threads, long values) {
        Set<Voxels> once = Collections.newSetFromMap(new IdentityHashMap<>());
        double bytes = values * OF_SEGMENT;
        for (Voxels one : voxels) {
            if (once.add(one)) {
                bytes += held(one);
            }
        }
        double[] sorted = measured.clone();
        Arrays.sort(sorted);
        for (int i = 0; i < Math.min(threads, sorted.length); i++) {
            bytes += sorted[sorted.length - 1 - i];
        }
        return (long) bytes;
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
                p.surface() + r.surface(),
                Math.max(
                        p.whileObjectsAreFound() + r.whileObjectsAreFound(),
                        p.whileObjectsAreMatched()
                                + r.whileObjectsAreMatched()
                                + OF_PARTNERS * (double) Math.min(common, Math.max(p.objects(), r.objects()))));
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
        long runs = 0;
        long objects = 0;
        int width = bits.wordsPerRow();
        long[] words = bits.words();
        long[] above = new long[width + 2];
        for (int z = bits.z0(); z < bits.z1(); z++) {
            for (int y = bits.y0(); y < bits.y1(); y++) {
                Arrays.fill(above, 0);
                add(bits, y - 1, z, above);
                add(bits, y - 1, z - 1, above);
                add(bits, y, z - 1, above);
                add(bits, y + 1, z - 1, above);
                int row = bits.rowStart(y, z);
                boolean goesOn = false;
                for (int w = 0; w < width; w++) {
                    // Words have an empty one before and behind, for the neighbours of their ends.
                    long near = above[w + 1]
                            | above[w + 1] << 1
                            | above[w] >>> 63
                            | above[w + 1] >>> 1
                            | above[w + 2] << 63;
                    for (long rest = words[row + w]; rest != 0; ) {
                        long run = rest & ~(rest + Long.lowestOneBit(rest));
                        if (!goesOn || (run & 1) == 0) {
                            runs++;
                            // Without a neighbour in the rows before it, it begins an object, or will be joined to one.
                            objects += (run & near) == 0 ? 1 : 0;
                        }
                        goesOn = false;
                        rest &= ~run;
                    }
                    goesOn = words[row + w] < 0;
                }
            }
        }
        return new Structure(bits.box(), runs, objects);
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
