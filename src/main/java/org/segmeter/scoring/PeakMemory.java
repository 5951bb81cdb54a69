package org.segmeter.scoring;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.Parts;
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

    /** A row of a part while near points are looked for: 64 points three times, the queries three times, and where these are. */
    private static final long OF_ROW_OF_PART = 6 * 8 + 4;

    /** Edge of the cells by which it is seen that structures lie far apart, as a power of two: about as far as near points are looked for. */
    private static final int CELL = 4;

    private PeakMemory() {}

    /**
     * What a set of voxels is made of.
     *
     * @param runs of two rows of two slices together, as {@link org.segmeter.metric.instance.Components} has them
     * @param objects an upper bound that is nearly reached where they are many
     */
    private record Structure(Box box, long runs, long objects, Cells cells) {
        private static final Structure NOTHING = new Structure(Box.EMPTY, 0, 0, new Cells(Box.EMPTY));

        /**
         * The voxels and the corners of the surface as bits, in rows with a word more at each end; what their distances are counted in; and
         * for each of two threads the step along y to the nearest point, a number for each column of each slice.
         */
        private double surface() {
            if (box.isEmpty()) {
                return 0;
            }
            double corners = corners();
            return 8 * words() * ((double) box.ny() * box.nz() + corners)
                    + OF_PART * Math.ceil(corners / ROWS_OF_PART)
                    + 8.0 * box.nx() * box.nz();
        }

        /** The corners once more, in slices with some that lie far from the other surface. */
        private double farFrom(Structure other) {
            if (box.isEmpty() || other.box.isEmpty()) {
                return 0;
            }
            double slices = Math.min(box.nz() + 1.0, (double) cells.slicesFarFrom(other.cells) * (1 << CELL));
            return 8 * words() * (box.ny() + 1.0) * slices;
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
     * What measuring a pair takes beside its masks: scattered points as bits, and its surfaces and its objects, one after the other.
     *
     * @param common voxels that are in both
     */
    static double ofPair(Mask prediction, Mask reference, long common) {
        List<Structure> both = structures(prediction, reference);
        Structure p = both.getFirst();
        Structure r = both.getLast();
        // Both sides at the same time, each of these after the other.
        return bits(prediction)
                + bits(reference)
                + Math.max(
                        p.surface()
                                + r.surface()
                                + Math.max(p.rowsOfPart(), r.rowsOfPart())
                                + p.farFrom(r)
                                + r.farFrom(p),
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

    /** Scattered points as bits, which are made to measure them. */
    private static double bits(Mask mask) {
        Box box = mask.box();
        return mask instanceof PointMask && !box.isEmpty()
                ? 8.0 * ((box.x1() + 63 >> 6) - (box.x0() >> 6)) * box.ny() * box.nz()
                : 0;
    }

    private static Structure structure(Mask mask) {
        if (mask.isEmpty()) {
            return Structure.NOTHING;
        }
        if (mask instanceof PointMask points) {
            // Scattered: hardly two are neighbours.
            Box box = points.box();
            Cells cells = new Cells(box);
            points.forEach((x, y, z) -> cells.add(x >> 6, y, z, 1L << x));
            return new Structure(box, points.count(), points.count(), cells);
        }
        return new Walk(mask.toBitMask()).structure();
    }

    /** Of two sides that are looked at at the same time where there is much to look at. */
    private static List<Structure> structures(Mask prediction, Mask reference) {
        return Parts.of(2, words(prediction) + words(reference))
                .mapToObj(i -> structure(i == 0 ? prediction : reference))
                .toList();
    }

    private static long words(Mask mask) {
        return mask instanceof BitMask bits ? bits.words().length : mask.count();
    }

    /** The cells of 16 x 16 x 16 voxels in which a set has voxels, as bits; counted from the first of the volume. */
    private static final class Cells {
        private final int word0;
        private final int words;
        private final int y0;
        private final int ny;
        private final int z0;
        private final int nz;
        private final long[] occupied;

        Cells(Box box) {
            word0 = box.x0() >> CELL + 6;
            words = (box.x1() >> CELL + 6) - word0 + 1;
            y0 = box.y0() >> CELL;
            ny = (box.y1() >> CELL) - y0 + 1;
            z0 = box.z0() >> CELL;
            nz = (box.z1() >> CELL) - z0 + 1;
            occupied = new long[Math.multiplyExact(Math.multiplyExact(words, ny), nz)];
        }

        /** Adds voxels of the word that is so many words from the first of the volume. */
        void add(int word, int y, int z, long voxels) {
            int cell = word << 6 - CELL;
            int at = at(cell >> 6, y >> CELL, z >> CELL);
            for (int i = 0; i < 64 >> CELL; i++) {
                if ((voxels >>> (i << CELL) & (1L << (1 << CELL)) - 1) != 0) {
                    occupied[at] |= 1L << cell + i;
                }
            }
        }

        private int at(int word, int y, int z) {
            return ((z - z0) * ny + y - y0) * words + word - word0;
        }

        private long around(int word, int y, int z) {
            long any = 0;
            if (word >= word0 && word < word0 + words) {
                for (int k = Math.max(z0, z - 1); k < Math.min(z0 + nz, z + 2); k++) {
                    for (int j = Math.max(y0, y - 1); j < Math.min(y0 + ny, y + 2); j++) {
                        any |= occupied[at(word, j, k)];
                    }
                }
            }
            return any;
        }

        /** In how many slices of cells there are some without a neighbour among those of another set, and so surely far from it. */
        int slicesFarFrom(Cells other) {
            int slices = 0;
            for (int z = z0; z < z0 + nz; z++) {
                slices += isFarFrom(other, z) ? 1 : 0;
            }
            return slices;
        }

        private boolean isFarFrom(Cells other, int z) {
            for (int y = y0; y < y0 + ny; y++) {
                for (int word = word0; word < word0 + words; word++) {
                    long here = other.around(word, y, z);
                    long near = here
                            | here << 1
                            | here >>> 1
                            | other.around(word - 1, y, z) >>> 63
                            | other.around(word + 1, y, z) << 63;
                    if ((occupied[at(word, y, z)] & ~near) != 0) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    /**
     * Looks at a set once, two rows of two slices at a time: where all four are empty, as in most of a large box with small structures, there
     * is nothing to count.
     */
    private static final class Walk {
        private final BitMask bits;
        private final long[] words;
        private final int width;
        private final Box box;
        private final Cells cells;
        private final long[] above;
        private long runs;
        private long objects;

        Walk(BitMask bits) {
            this.bits = bits;
            words = bits.words();
            width = bits.wordsPerRow();
            box = bits.box();
            cells = new Cells(box);
            // Words have an empty one before and behind, for the neighbours of their ends.
            above = new long[width + 2];
        }

        Structure structure() {
            for (int z = box.z0(); z < box.z1(); z += 2) {
                for (int y = box.y0(); y < box.y1(); y += 2) {
                    int endY = Math.min(y + 2, box.y1());
                    int endZ = Math.min(z + 2, box.z1());
                    if (addRuns(y, z, endY - 1, endZ - 1)) {
                        for (int k = z; k < endZ; k++) {
                            for (int j = y; j < endY; j++) {
                                addObjects(j, k);
                            }
                        }
                    }
                }
            }
            return new Structure(box, runs, objects, cells);
        }

        /** Runs of up to four rows joined; false if all are empty. */
        private boolean addRuns(int y, int z, int lastY, int lastZ) {
            int a = bits.rowStart(y, z);
            int b = bits.rowStart(lastY, z);
            int c = bits.rowStart(y, lastZ);
            int d = bits.rowStart(lastY, lastZ);
            boolean any = false;
            long before = 0;
            for (int w = 0; w < width; w++) {
                long four = words[a + w] | words[b + w] | words[c + w] | words[d + w];
                if (four != 0) {
                    any = true;
                    runs += Long.bitCount(four & ~(four << 1 | before >>> 63));
                    cells.add(bits.wordX0() + w, y, z, four);
                }
                before = four;
            }
            return any;
        }

        /**
         * Runs of a row without a neighbour in the rows before it: each begins an object, or will be joined to one. Word by word, so that
         * one that goes on in the next word may be counted twice.
         */
        private void addObjects(int y, int z) {
            Arrays.fill(above, 0);
            add(y - 1, z);
            add(y - 1, z - 1);
            add(y, z - 1);
            add(y + 1, z - 1);
            int row = bits.rowStart(y, z);
            for (int w = 0; w < width; w++) {
                long word = words[row + w];
                if (word != 0) {
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

        private void add(int y, int z) {
            if (bits.hasRow(y, z)) {
                int row = bits.rowStart(y, z);
                for (int w = 0; w < width; w++) {
                    above[w + 1] |= words[row + w];
                }
            }
        }
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
}
