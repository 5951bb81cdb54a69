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
 * pair is measured its surfaces (copies of its bits), its rows of voxels in objects (runs), and those objects. The numbers were measured
 * with {@code MemoryBenchmark} (docs/benchmarks.md, "Memory"), which prints how far they are from the peak.
 */
final class PeakMemory {

    /** A segment's values. */
    private static final long OF_SEGMENT = 30 << 10;

    /** The copies of a pair's bits that its surfaces and their neighbours are, as a multiple of them. */
    private static final double OF_BITS = 3.8;

    /** A row of voxels without a gap, once it is known: where it begins, where it ends, whose it is. */
    private static final long OF_RUN = 12;

    /** And while they are looked for: two lists that grow by doubling, and then their copies. */
    private static final long OF_RUN_IN_LIST = 8;

    private static final long SHORTEST_LIST = 64;

    /** An object: its box, its size, its partners. */
    private static final long OF_OBJECT = 100;

    private PeakMemory() {}

    /** What a set of voxels is made of. */
    record Structure(long bytes, long runs, long objects) {
        private static final Structure NOTHING = new Structure(0, 0, 0);

        private double whileRunsAreFound() {
            long capacity = Math.max(SHORTEST_LIST, runs < 2 ? 0 : Long.highestOneBit(runs - 1) << 1);
            return OF_RUN_IN_LIST * (double) (capacity + runs);
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

    /** What measuring a pair takes beside its masks: its surfaces and its objects, one after the other. */
    static double ofPair(Mask prediction, Mask reference) {
        Structure p = structure(prediction);
        Structure r = structure(reference);
        double surfaces = OF_BITS * (p.bytes() + r.bytes());
        // Both sides' are found at the same time, if there are threads for it.
        double objects = Math.max(
                p.whileRunsAreFound() + r.whileRunsAreFound(),
                Math.max(OF_RUN * p.runs() + r.whileRunsAreFound(), OF_RUN * r.runs() + p.whileRunsAreFound()));
        return Math.max(surfaces, objects) + OF_OBJECT * (double) (p.objects() + r.objects());
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
            return new Structure(((box.nx() + 63L) / 64) * 8 * box.ny() * box.nz(), points.count(), points.count());
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
        return new Structure(8L * words.length, runs, objects);
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
