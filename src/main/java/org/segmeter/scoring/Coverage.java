package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.distance.ScoredVoxels;
import org.segmeter.volume.Affine;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.Mask;
import org.segmeter.volume.PointMask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Voxels;

/**
 * The voxels of the evaluation grid that are scored: those in all of several parts and not in a mask of ignored ones. Only asked for
 * around structures, so that memory follows their size.
 */
final class Coverage {

    /** Rounding of patient coordinates, mm: a centre this near to the face of a box lies in it. */
    private static final double ROUNDING_MM = 1e-6;

    /** A part of the grid. */
    sealed interface Part {
        /** @param box of the evaluation grid */
        record Within(Box box) implements Part {}

        /** @param extent box of patient space */
        record Patient(Extent.PatientBox extent) implements Part {}

        /**
         * Single slices.
         *
         * @param axis 0, 1, 2 for x, y, z
         * @param slices of the evaluation grid
         */
        record Slices(int axis, TreeSet<Integer> slices) implements Part {}
    }

    private final Grid grid;
    private final List<Part> parts;
    private final @Nullable BitMask ignored;
    private final long voxels;
    private final Box box;

    Coverage(Grid grid, List<Part> parts, @Nullable BitMask ignored) {
        this.grid = grid;
        this.ignored = ignored == null || ignored.isEmpty() ? null : ignored;
        this.parts =
                this.ignored == null && parts.stream().allMatch(p -> isWhole(p, grid)) ? List.of() : List.copyOf(parts);
        long n = 0;
        Box bounds = Box.EMPTY;
        for (int z = 0; z < grid.nz() && !isAll(); z++) {
            BitMask slab = within(new Box(0, 0, z, grid.nx(), grid.ny(), z + 1));
            n += slab.count();
            bounds = bounds.union(slab.box());
        }
        this.voxels = isAll() ? grid.voxelCount() : n;
        this.box = isAll() ? grid.box() : bounds;
    }

    /** How many voxels of a box are scored. */
    long voxelsOf(Box given) {
        Box box = given.intersection(grid.box());
        if (isAll()) {
            return box.voxelCount();
        }
        long n = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            n += within(new Box(box.x0(), box.y0(), z, box.x1(), box.y1(), z + 1))
                    .count();
        }
        return n;
    }

    /** True if every voxel of the grid is scored. */
    boolean isAll() {
        return parts.isEmpty() && ignored == null;
    }

    private static boolean isWhole(Part part, Grid grid) {
        return part instanceof Part.Within w && w.box().equals(grid.box());
    }

    /** The smallest box of the evaluation grid with all that is scored. */
    Box box() {
        return box;
    }

    /** How many voxels are scored. */
    long voxels() {
        return voxels;
    }

    /** True if the reference is known in single slices only, so that nothing is known of volumes. */
    boolean isSparse() {
        return parts.stream().anyMatch(p -> p instanceof Part.Slices);
    }

    /** The axis across the scored slices; -1 if there are slices of several axes, which no contour is drawn in. */
    int sliceAxis() {
        int[] axes = parts.stream()
                .filter(Part.Slices.class::isInstance)
                .mapToInt(p -> ((Part.Slices) p).axis())
                .distinct()
                .toArray();
        return axes.length == 1 ? axes[0] : -1;
    }

    /** The slices along {@link #sliceAxis}, ascending. */
    List<Integer> slices() {
        TreeSet<Integer> common = null;
        for (Part part : parts) {
            if (part instanceof Part.Slices s) {
                if (common == null) {
                    common = new TreeSet<>(s.slices());
                } else {
                    common.retainAll(s.slices());
                }
            }
        }
        return common == null ? List.of() : List.copyOf(common);
    }

    /** What both cover, which have the same ignored voxels. */
    Coverage and(Coverage other) {
        List<Part> all = new ArrayList<>(parts);
        other.parts.stream().filter(p -> !all.contains(p)).forEach(all::add);
        return all.equals(parts) ? this : new Coverage(grid, all, ignored);
    }

    /** What the distances need to know around two masks. */
    ScoredVoxels around(Mask a, Mask b) {
        Box box = a.box().union(b.box()).grown(1).intersection(grid.box());
        return new ScoredVoxels(within(box), grid.box());
    }

    /** The scored voxels of a box. */
    BitMask within(Box given) {
        Box box = given.intersection(grid.box());
        for (Part part : parts) {
            if (part instanceof Part.Within w) {
                box = box.intersection(w.box());
            }
        }
        BitMask mask = new BitMask(box);
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                row(mask, box, y, z);
            }
        }
        return mask;
    }

    private void row(BitMask mask, Box box, int y, int z) {
        double from = box.x0();
        double to = box.x1() - 1;
        for (Part part : parts) {
            if (part instanceof Part.Patient p) {
                double[] run = run(p.extent(), y, z);
                from = Math.max(from, Math.ceil(run[0]));
                to = Math.min(to, Math.floor(run[1]));
            } else if (part instanceof Part.Slices s
                    && (s.axis() == 1 && !s.slices().contains(y)
                            || s.axis() == 2 && !s.slices().contains(z))) {
                return;
            }
        }
        if (from > to) {
            return;
        }
        mask.setRun(y, z, (int) from, (int) to + 1);
        int row = mask.rowStart(y, z);
        for (Part part : parts) {
            if (part instanceof Part.Slices s && s.axis() == 0) {
                long[] kept = new long[mask.wordsPerRow()];
                for (int x : s.slices().subSet(box.x0(), box.x1())) {
                    kept[(x >> 6) - mask.wordX0()] |= 1L << x;
                }
                for (int w = 0; w < kept.length; w++) {
                    mask.words()[row + w] &= kept[w];
                }
            }
        }
        if (ignored != null && ignored.hasRow(y, z)) {
            int theirs = ignored.rowStart(y, z);
            for (int w = 0; w < mask.wordsPerRow(); w++) {
                int i = mask.wordX0() + w - ignored.wordX0();
                if (i >= 0 && i < ignored.wordsPerRow()) {
                    mask.words()[row + w] &= ~ignored.words()[theirs + i];
                }
            }
        }
    }

    /** From which x to which the centres of a row lie in a box of patient space; a row is a straight line there. */
    private double[] run(Extent.PatientBox extent, int y, int z) {
        Affine affine = grid.indexToPatient();
        double[] start = affine.apply(0, y, z);
        double[] step = affine.step(0);
        double from = Double.NEGATIVE_INFINITY;
        double to = Double.POSITIVE_INFINITY;
        for (int i = 0; i < 3; i++) {
            double least = extent.from().get(i) - ROUNDING_MM - start[i];
            double most = extent.to().get(i) + ROUNDING_MM - start[i];
            if (step[i] == 0) {
                if (least > 0 || most < 0) {
                    return new double[] {1, 0};
                }
            } else {
                from = Math.max(from, Math.min(least / step[i], most / step[i]));
                to = Math.min(to, Math.max(least / step[i], most / step[i]));
            }
        }
        return new double[] {from, to};
    }

    /** The voxels that are scored; where none is left out the same object. */
    Voxels restrict(Voxels voxelsOfSegment) {
        if (isAll()) {
            return voxelsOfSegment;
        }
        return switch (voxelsOfSegment) {
            case BitMask bits -> restrict(bits);
            case PointMask points -> restrict(points);
            case ProbabilityVolume volume -> restrict(volume);
        };
    }

    /** The voxels of a mask that are scored. */
    Mask restrict(Mask mask) {
        return (Mask) restrict((Voxels) mask);
    }

    private BitMask restrict(BitMask bits) {
        BitMask kept = within(bits.box());
        for (int z = kept.z0(); z < kept.z1(); z++) {
            for (int y = kept.y0(); y < kept.y1(); y++) {
                int to = kept.rowStart(y, z);
                int from = bits.rowStart(y, z) + kept.wordX0() - bits.wordX0();
                for (int w = 0; w < kept.wordsPerRow(); w++) {
                    kept.words()[to + w] &= bits.words()[from + w];
                }
            }
        }
        return kept;
    }

    private Mask restrict(PointMask points) {
        int[] at = new int[3 * Math.toIntExact(points.count())];
        int[] used = new int[1];
        int[] least = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
        int[] most = {-1, -1, -1};
        points.forEach((x, y, z) -> {
            if (within(new Box(x, y, z, x + 1, y + 1, z + 1)).contains(x, y, z)) {
                int[] p = {x, y, z};
                for (int i = 0; i < 3; i++) {
                    at[used[0]++] = p[i];
                    least[i] = Math.min(least[i], p[i]);
                    most[i] = Math.max(most[i], p[i]);
                }
            }
        });
        if (used[0] == 0) {
            return new BitMask(Box.EMPTY);
        }
        Box box = new Box(least[0], least[1], least[2], most[0] + 1, most[1] + 1, most[2] + 1);
        int[] offsets = new int[used[0] / 3];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = ((at[3 * i + 2] - box.z0()) * box.ny() + at[3 * i + 1] - box.y0()) * box.nx()
                    + at[3 * i]
                    - box.x0();
        }
        return new PointMask(box, offsets);
    }

    private ProbabilityVolume restrict(ProbabilityVolume volume) {
        Box box = volume.box();
        BitMask kept = within(box);
        float[] values = Arrays.copyOf(volume.values(), volume.values().length);
        int at = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (!kept.contains(x, y, z)) {
                        values[at] = 0;
                    }
                    at++;
                }
            }
        }
        return new ProbabilityVolume(box, values);
    }
}
