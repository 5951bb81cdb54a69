package org.segmeter.metric.instance;

import java.util.Arrays;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The connected components of a mask, numbered from 0 in the order of their first voxel (x fastest, then y, then z). Memory follows
 * the number of runs of voxels along x, not the volume.
 *
 * <p>With 26 neighbours two rows of two slices are looked at as one: of those four rows voxels at the same place along x, or beside one
 * another, are neighbours, so that what is a run of any of them belongs together. Of noise, where each voxel begins or ends a run, that
 * leaves a twentieth of the runs.
 */
public final class Components {

    private final BitMask mask;
    private final Box box;
    /** Rows along y, and slices along z, that are looked at as one: 1 or 2. */
    private final int span;

    private final int bundlesOfSlice;
    /** First run of each bundle of rows, z slowest; one more entry at the end. */
    private final int[] bundles;

    private final int[] starts;
    private final int[] ends;
    private final int[] components;
    private final long[] sizes;
    /** Of each component the first voxel along x, y, z, and the ones behind the last. */
    private final int[] bounds;

    private Components(
            BitMask mask, Bundles rows, int[] bundles, int[] starts, int[] ends, int[] components, int count) {
        this.mask = mask;
        this.box = rows.box;
        this.span = rows.span;
        this.bundlesOfSlice = rows.ny;
        this.bundles = bundles;
        this.starts = starts;
        this.ends = ends;
        this.components = components;
        this.sizes = new long[count];
        this.bounds = new int[Math.multiplyExact(6, count)];
    }

    public static Components of(BitMask mask, Connectivity connectivity) {
        Bundles rows = new Bundles(mask, connectivity == Connectivity.CORNERS ? 2 : 1);
        int[] bundles = new int[rows.count() + 1];
        int[][] runs = rows.runs(bundles);
        int[] starts = runs[0];
        int[] ends = runs[1];
        int n = starts.length;
        int[] parent = new int[n];
        Arrays.setAll(parent, i -> i);
        Joints joints = new Joints(rows, bundles, starts, ends, parent);
        for (int bundle = 0; bundle < rows.count(); bundle++) {
            if (bundles[bundle] == bundles[bundle + 1]) {
                continue;
            }
            int y = bundle % rows.ny;
            int z = bundle / rows.ny;
            // The bundles before this one that touch it. Runs of one bundle never touch one another.
            if (y > 0) {
                joints.join(bundle, bundle - 1, connectivity.joins(1, 1, 0));
            }
            if (z > 0) {
                joints.join(bundle, bundle - rows.ny, connectivity.joins(1, 0, 1));
                if (connectivity.joins(0, 1, 1)) {
                    boolean corners = connectivity.joins(1, 1, 1);
                    if (y > 0) {
                        joints.join(bundle, bundle - rows.ny - 1, corners);
                    }
                    if (y + 1 < rows.ny) {
                        joints.join(bundle, bundle - rows.ny + 1, corners);
                    }
                }
            }
        }
        // A parent comes before its children, so its component is known. A root is the first run of its component.
        int count = 0;
        for (int i = 0; i < n; i++) {
            parent[i] = parent[i] == i ? count++ : parent[parent[i]];
        }
        Components found = new Components(mask, rows, bundles, starts, ends, parent, count);
        found.measure();
        return found;
    }

    /**
     * Sizes, and bounds as plain numbers: of noise there are millions of components. Looks at row after row, and so numbers the components
     * anew by their first voxels: runs of bundles come in another order.
     */
    private void measure() {
        // One more than the number; 0 for none yet.
        int[] numbers = new int[count()];
        int numbered = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int bundle = bundle(y, z);
                for (int i = bundles[bundle]; i < bundles[bundle + 1]; i++) {
                    long voxels = span == 1 ? ends[i] - starts[i] : count(mask, y, z, starts[i], ends[i]);
                    if (voxels > 0) {
                        int number = numbers[components[i]];
                        if (number == 0) {
                            number = ++numbered;
                            numbers[components[i]] = number;
                        }
                        add(number - 1, voxels, starts[i], ends[i], y, z);
                    }
                }
            }
        }
        for (int i = 0; i < components.length; i++) {
            components[i] = numbers[components[i]] - 1;
        }
    }

    private void add(int component, long voxels, int start, int end, int y, int z) {
        int at = 6 * component;
        if (sizes[component] == 0) {
            bounds[at] = start;
            bounds[at + 1] = y;
            bounds[at + 2] = z;
            bounds[at + 3] = end;
            bounds[at + 4] = y + 1;
            bounds[at + 5] = z + 1;
        } else {
            bounds[at] = Math.min(bounds[at], start);
            bounds[at + 1] = Math.min(bounds[at + 1], y);
            bounds[at + 2] = Math.min(bounds[at + 2], z);
            bounds[at + 3] = Math.max(bounds[at + 3], end);
            bounds[at + 4] = Math.max(bounds[at + 4], y + 1);
            bounds[at + 5] = Math.max(bounds[at + 5], z + 1);
        }
        sizes[component] += voxels;
    }

    /** The rows of a mask's box, bundled. */
    private static final class Bundles {
        private final BitMask mask;
        private final Box box;
        private final int span;
        /** Bundles along y. */
        private final int ny;

        private final int nz;

        Bundles(BitMask mask, int span) {
            this.mask = mask;
            this.span = span;
            box = mask.box();
            ny = (box.ny() + span - 1) / span;
            nz = (box.nz() + span - 1) / span;
        }

        int count() {
            return Math.multiplyExact(ny, nz);
        }

        /** The first row of a bundle. */
        int y(int bundle) {
            return box.y0() + span * (bundle % ny);
        }

        int z(int bundle) {
            return box.z0() + span * (bundle / ny);
        }

        /** Rows y0 to before y1 of slices z0 to before z1 as one, from the second word on; what is no row of the box is left out. */
        void joined(int y0, int y1, int z0, int z1, long[] into) {
            int width = mask.wordsPerRow();
            boolean first = true;
            for (int z = z0; z < Math.min(z1, box.z1()); z++) {
                for (int y = y0; y < Math.min(y1, box.y1()); y++) {
                    int row = mask.rowStart(y, z);
                    if (first) {
                        System.arraycopy(mask.words(), row, into, 1, width);
                        first = false;
                    } else {
                        for (int w = 0; w < width; w++) {
                            into[w + 1] |= mask.words()[row + w];
                        }
                    }
                }
            }
            if (first) {
                Arrays.fill(into, 0);
            }
        }

        /** A row with an empty word before and behind it. */
        long[] row() {
            return new long[mask.wordsPerRow() + 2];
        }

        /** Where runs begin and where they end. @param bundles is told the first of each bundle */
        int[][] runs(int[] bundles) {
            long[] row = row();
            int runs = 0;
            for (int bundle = 0; bundle < count(); bundle++) {
                bundles[bundle] = runs;
                joined(y(bundle), y(bundle) + span, z(bundle), z(bundle) + span, row);
                for (int w = 1; w + 1 < row.length; w++) {
                    runs = Math.addExact(runs, Long.bitCount(row[w] & ~(row[w] << 1 | row[w - 1] >>> 63)));
                }
            }
            bundles[count()] = runs;
            int[] starts = new int[runs];
            int[] ends = new int[runs];
            int n = 0;
            for (int bundle = 0; bundle < count(); bundle++) {
                if (bundles[bundle] == bundles[bundle + 1]) {
                    continue;
                }
                joined(y(bundle), y(bundle) + span, z(bundle), z(bundle) + span, row);
                boolean open = false;
                for (int w = 1; w < row.length; w++) {
                    int x = mask.wordX0() + w - 1 << 6;
                    // Bits at which a run begins or ends: those that differ from the bit before.
                    long changes = row[w] ^ (row[w] << 1 | (open ? 1 : 0));
                    for (; changes != 0; changes &= changes - 1) {
                        int change = x + Long.numberOfTrailingZeros(changes);
                        if (open) {
                            ends[n++] = change;
                        } else {
                            starts[n] = change;
                        }
                        open = !open;
                    }
                }
            }
            return new int[][] {starts, ends};
        }
    }

    /** Joins the runs of bundles that touch one another. */
    private static final class Joints {
        private final Bundles rows;
        private final int[] bundles;
        private final int[] starts;
        private final int[] ends;
        private final int[] parent;
        /** The rows of each of two bundles that are next to the other. */
        private final long[] edge;

        private final long[] otherEdge;

        Joints(Bundles rows, int[] bundles, int[] starts, int[] ends, int[] parent) {
            this.rows = rows;
            this.bundles = bundles;
            this.starts = starts;
            this.ends = ends;
            this.parent = parent;
            edge = rows.row();
            otherEdge = rows.row();
        }

        /** @param beside whether voxels of the two are neighbours that are one apart along x */
        void join(int a, int b, boolean beside) {
            int i = bundles[a];
            int j = bundles[b];
            int endI = bundles[a + 1];
            int endJ = bundles[b + 1];
            if (j == endJ) {
                return;
            }
            int reach = beside ? 1 : 0;
            boolean known = rows.span == 1;
            while (i < endI && j < endJ) {
                int lastI = ends[i];
                int lastJ = ends[j];
                // Most that touch have been joined by way of another bundle, and then most often have one parent.
                if (starts[i] < lastJ + reach && starts[j] < lastI + reach && parent[i] != parent[j]) {
                    if (!known) {
                        edges(a, b);
                        known = true;
                    }
                    if (rows.span == 1 || touch(i, j)) {
                        unite(i, j);
                    }
                }
                if (lastI < lastJ) {
                    i++;
                } else {
                    j++;
                }
            }
        }

        private void edges(int a, int b) {
            edge(a, b, edge);
            edge(b, a, otherEdge);
        }

        private void edge(int of, int towards, long[] into) {
            int y0 = rows.y(of);
            int z0 = rows.z(of);
            int dy = rows.y(towards) - y0;
            int dz = rows.z(towards) - z0;
            rows.joined(
                    dy > 0 ? y0 + 1 : y0,
                    dy < 0 ? y0 + 1 : y0 + 2,
                    dz > 0 ? z0 + 1 : z0,
                    dz < 0 ? z0 + 1 : z0 + 2,
                    into);
        }

        /** Whether a voxel of one run is at the place of, or beside, one of the other. */
        private boolean touch(int i, int j) {
            int wordX0 = rows.mask.wordX0() - 1;
            int from = Math.max(starts[i], starts[j] - 1);
            int to = Math.min(ends[i], ends[j] + 1);
            for (int w = from >> 6; w <= to - 1 >> 6; w++) {
                int first = w << 6;
                boolean begun = starts[j] < first + 64;
                // A bit of the words beside this one that belongs to the run, and not to the next one.
                long here = begun && ends[j] > first ? otherEdge[w - wordX0] & within(w, starts[j], ends[j]) : 0;
                long before = starts[j] < first && ends[j] >= first ? otherEdge[w - 1 - wordX0] : 0;
                long behind = starts[j] <= first + 64 && ends[j] > first + 64 ? otherEdge[w + 1 - wordX0] : 0;
                long near = here | here << 1 | before >>> 63 | here >>> 1 | behind << 63;
                if ((edge[w - wordX0] & within(w, starts[i], ends[i]) & near) != 0) {
                    return true;
                }
            }
            return false;
        }

        private void unite(int i, int j) {
            int p = root(i);
            int q = root(j);
            if (p < q) {
                parent[q] = p;
            } else {
                parent[p] = q;
            }
        }

        private int root(int i) {
            int at = i;
            while (parent[at] != at) {
                parent[at] = parent[parent[at]];
                at = parent[at];
            }
            return at;
        }
    }

    /** The bits of word w along x that lie from {@code start} to before {@code end}, of which some do. */
    private static long within(int w, int start, int end) {
        long bits = -1L;
        if (w == start >> 6) {
            bits &= -1L << start;
        }
        if (w == end - 1 >> 6) {
            bits &= -1L >>> -end;
        }
        return bits;
    }

    private static long count(BitMask mask, int y, int z, int start, int end) {
        int row = mask.rowStart(y, z) - mask.wordX0();
        long n = 0;
        for (int w = start >> 6; w <= end - 1 >> 6; w++) {
            n += Long.bitCount(mask.words()[row + w] & within(w, start, end));
        }
        return n;
    }

    /** Number of components. */
    public int count() {
        return sizes.length;
    }

    /** Number of voxels of a component. */
    public long size(int component) {
        return sizes[component];
    }

    /** The smallest box around a component. */
    public Box box(int component) {
        int at = 6 * component;
        return new Box(bounds[at], bounds[at + 1], bounds[at + 2], bounds[at + 3], bounds[at + 4], bounds[at + 5]);
    }

    /** The voxels of a component, stored for its box. */
    public BitMask mask(int component) {
        return mask(box(component), c -> c == component);
    }

    /** The voxels of all components that are chosen. */
    public BitMask mask(java.util.function.IntPredicate chosen) {
        Box around = Box.EMPTY;
        for (int c = 0; c < count(); c++) {
            if (chosen.test(c)) {
                around = around.union(box(c));
            }
        }
        return mask(around, chosen);
    }

    /** The voxels of a few components; looks at nothing beyond the boxes around them. */
    BitMask mask(java.util.Collection<Integer> few) {
        Box around = Box.EMPTY;
        for (int c : few) {
            around = around.union(box(c));
        }
        return mask(around, few::contains);
    }

    private BitMask mask(Box around, java.util.function.IntPredicate chosen) {
        BitMask result = new BitMask(around);
        for (int z = around.z0(); z < around.z1(); z++) {
            for (int y = around.y0(); y < around.y1(); y++) {
                int bundle = bundle(y, z);
                for (int i = bundles[bundle]; i < bundles[bundle + 1]; i++) {
                    if (chosen.test(components[i])) {
                        copy(y, z, starts[i], ends[i], result);
                    }
                }
            }
        }
        return result;
    }

    private void copy(int y, int z, int start, int end, BitMask to) {
        int from = mask.rowStart(y, z) - mask.wordX0();
        int into = to.rowStart(y, z) - to.wordX0();
        for (int w = start >> 6; w <= end - 1 >> 6; w++) {
            to.words()[into + w] |= mask.words()[from + w] & within(w, start, end);
        }
    }

    private int bundle(int y, int z) {
        return (z - box.z0()) / span * bundlesOfSlice + (y - box.y0()) / span;
    }

    /** How many voxels each pair of components shares; pairs that share none are left out. */
    public Overlaps overlapsWith(Components other) {
        Overlaps.Tally overlaps = new Overlaps.Tally(count(), other.count());
        Box common = box.intersection(other.box);
        for (int z = common.z0(); z < common.z1(); z++) {
            for (int y = common.y0(); y < common.y1(); y++) {
                int a = bundle(y, z);
                int b = other.bundle(y, z);
                int i = bundles[a];
                int j = other.bundles[b];
                while (i < bundles[a + 1] && j < other.bundles[b + 1]) {
                    int from = Math.max(starts[i], other.starts[j]);
                    int to = Math.min(ends[i], other.ends[j]);
                    if (from < to) {
                        long shared = span == 1 && other.span == 1 ? to - from : shared(other, y, z, from, to);
                        if (shared > 0) {
                            overlaps.add(components[i], other.components[j], shared);
                        }
                    }
                    if (ends[i] < other.ends[j]) {
                        i++;
                    } else {
                        j++;
                    }
                }
            }
        }
        return overlaps.overlaps();
    }

    private long shared(Components other, int y, int z, int from, int to) {
        int mine = mask.rowStart(y, z) - mask.wordX0();
        int theirs = other.mask.rowStart(y, z) - other.mask.wordX0();
        long n = 0;
        for (int w = from >> 6; w <= to - 1 >> 6; w++) {
            n += Long.bitCount(mask.words()[mine + w] & other.mask.words()[theirs + w] & within(w, from, to));
        }
        return n;
    }
}
