package org.segmeter.metric.instance;

import java.util.Arrays;
import org.segmeter.metric.Connectivity;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;

/**
 * The connected components of a mask, numbered from 0 in the order of their first voxel (x fastest, then y, then z). Memory follows
 * the number of runs of voxels along x, not the volume.
 */
public final class Components {

    private final Box box;
    /** First run of each row of the box, z slowest; one more entry at the end. */
    private final int[] rows;

    private final int[] starts;
    private final int[] ends;
    private final int[] components;
    private final long[] sizes;
    private final Box[] boxes;

    private Components(Box box, int[] rows, int[] starts, int[] ends, int[] components, long[] sizes, Box[] boxes) {
        this.box = box;
        this.rows = rows;
        this.starts = starts;
        this.ends = ends;
        this.components = components;
        this.sizes = sizes;
        this.boxes = boxes;
    }

    public static Components of(BitMask mask, Connectivity connectivity) {
        Box box = mask.box();
        int[] rows = new int[Math.multiplyExact(box.ny(), box.nz()) + 1];
        int[][] runs = runs(mask, box, rows);
        int[] starts = runs[0];
        int[] ends = runs[1];
        int n = starts.length;
        int[] parent = new int[n];
        Arrays.setAll(parent, i -> i);
        for (int row = 0; row + 1 < rows.length; row++) {
            int y = row % box.ny();
            int z = row / box.ny();
            // The rows before this one that touch it. Runs of one row never touch one another.
            if (y > 0) {
                join(rows, row, row - 1, starts, ends, parent, connectivity.joins(1, 1, 0) ? 1 : 0);
            }
            if (z > 0) {
                join(rows, row, row - box.ny(), starts, ends, parent, connectivity.joins(1, 0, 1) ? 1 : 0);
                if (connectivity.joins(0, 1, 1)) {
                    int reach = connectivity.joins(1, 1, 1) ? 1 : 0;
                    if (y > 0) {
                        join(rows, row, row - box.ny() - 1, starts, ends, parent, reach);
                    }
                    if (y + 1 < box.ny()) {
                        join(rows, row, row - box.ny() + 1, starts, ends, parent, reach);
                    }
                }
            }
        }
        // A root is the first run of its component, so numbering roots in order numbers components by their first
        // voxel.
        int[] components = new int[n];
        int count = 0;
        for (int i = 0; i < n; i++) {
            // A parent comes before its children, so its component is known.
            components[i] = parent[i] == i ? count++ : components[parent[i]];
        }
        long[] sizes = new long[count];
        // Bounds as plain numbers: of noise there are millions of runs. First and last x, y and z of each component.
        int[] bounds = new int[Math.multiplyExact(6, count)];
        for (int row = 0; row + 1 < rows.length; row++) {
            int y = box.y0() + row % box.ny();
            int z = box.z0() + row / box.ny();
            for (int i = rows[row]; i < rows[row + 1]; i++) {
                int component = components[i];
                int at = 6 * component;
                if (sizes[component] == 0) {
                    bounds[at] = starts[i];
                    bounds[at + 1] = ends[i];
                    bounds[at + 2] = y;
                    bounds[at + 3] = y;
                    bounds[at + 4] = z;
                } else {
                    bounds[at] = Math.min(bounds[at], starts[i]);
                    bounds[at + 1] = Math.max(bounds[at + 1], ends[i]);
                    bounds[at + 2] = Math.min(bounds[at + 2], y);
                    bounds[at + 3] = Math.max(bounds[at + 3], y);
                }
                // Rows come in ascending z.
                bounds[at + 5] = z;
                sizes[component] += ends[i] - starts[i];
            }
        }
        Box[] boxes = new Box[count];
        for (int c = 0; c < count; c++) {
            int at = 6 * c;
            boxes[c] = new Box(
                    bounds[at], bounds[at + 2], bounds[at + 4], bounds[at + 1], bounds[at + 3] + 1, bounds[at + 5] + 1);
        }
        return new Components(box, rows, starts, ends, components, sizes, boxes);
    }

    private static int[][] runs(BitMask mask, Box box, int[] rows) {
        int runs = count(mask, box);
        int[] starts = new int[runs];
        int[] ends = new int[runs];
        int n = 0;
        int row = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                rows[row++] = n;
                int at = mask.rowStart(y, z);
                boolean open = false;
                for (int w = 0; w < mask.wordsPerRow(); w++) {
                    long bits = mask.words()[at + w];
                    int x = mask.wordX0() + w << 6;
                    // Bits at which a run begins or ends: those that differ from the bit before.
                    long changes = bits ^ (bits << 1 | (open ? 1 : 0));
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
                if (open) {
                    ends[n++] = mask.wordX0() + mask.wordsPerRow() << 6;
                }
            }
        }
        rows[row] = n;
        return new int[][] {starts, ends};
    }

    /** The runs of a mask: the set bits before which none is set. */
    private static int count(BitMask mask, Box box) {
        long n = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int at = mask.rowStart(y, z);
                long before = 0;
                for (int w = 0; w < mask.wordsPerRow(); w++) {
                    long bits = mask.words()[at + w];
                    n += Long.bitCount(bits & ~(bits << 1 | before));
                    before = bits >>> 63;
                }
            }
        }
        return Math.toIntExact(n);
    }

    private static void join(int[] rows, int a, int b, int[] starts, int[] ends, int[] parent, int reach) {
        int i = rows[a];
        int j = rows[b];
        int endI = rows[a + 1];
        int endJ = rows[b + 1];
        while (i < endI && j < endJ) {
            int lastI = ends[i];
            int lastJ = ends[j];
            // Most that touch have been joined by way of another row, and then most often have one parent.
            if (starts[i] < lastJ + reach && starts[j] < lastI + reach && parent[i] != parent[j]) {
                int p = root(parent, i);
                int q = root(parent, j);
                if (p < q) {
                    parent[q] = p;
                } else {
                    parent[p] = q;
                }
            }
            if (lastI < lastJ) {
                i++;
            } else {
                j++;
            }
        }
    }

    private static int root(int[] parent, int i) {
        int at = i;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
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
        return boxes[component];
    }

    /** The voxels of a component, stored for its box. */
    public BitMask mask(int component) {
        return mask(boxes[component], c -> c == component);
    }

    /** The voxels of all components that are chosen. */
    public BitMask mask(java.util.function.IntPredicate chosen) {
        Box around = Box.EMPTY;
        for (int c = 0; c < boxes.length; c++) {
            if (chosen.test(c)) {
                around = around.union(boxes[c]);
            }
        }
        return mask(around, chosen);
    }

    /** The voxels of a few components; looks at nothing beyond the boxes around them. */
    BitMask mask(java.util.Collection<Integer> few) {
        Box around = Box.EMPTY;
        for (int c : few) {
            around = around.union(boxes[c]);
        }
        return mask(around, few::contains);
    }

    private BitMask mask(Box around, java.util.function.IntPredicate chosen) {
        BitMask mask = new BitMask(around);
        for (int z = around.z0(); z < around.z1(); z++) {
            for (int y = around.y0(); y < around.y1(); y++) {
                int row = (z - box.z0()) * box.ny() + y - box.y0();
                for (int i = rows[row]; i < rows[row + 1]; i++) {
                    if (chosen.test(components[i])) {
                        mask.setRun(y, z, starts[i], ends[i]);
                    }
                }
            }
        }
        return mask;
    }

    /** How many voxels each pair of components shares; pairs that share none are left out. */
    public Overlaps overlapsWith(Components other) {
        Overlaps.Tally overlaps = new Overlaps.Tally(count(), other.count());
        Box common = box.intersection(other.box);
        for (int z = common.z0(); z < common.z1(); z++) {
            for (int y = common.y0(); y < common.y1(); y++) {
                int a = (z - box.z0()) * box.ny() + y - box.y0();
                int b = (z - other.box.z0()) * other.box.ny() + y - other.box.y0();
                int i = rows[a];
                int j = other.rows[b];
                while (i < rows[a + 1] && j < other.rows[b + 1]) {
                    int shared = Math.min(ends[i], other.ends[j]) - Math.max(starts[i], other.starts[j]);
                    if (shared > 0) {
                        overlaps.add(components[i], other.components[j], shared);
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
}
