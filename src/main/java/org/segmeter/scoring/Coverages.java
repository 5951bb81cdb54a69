package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.Grid;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;
import org.segmeter.volume.Segment;

/**
 * What is scored of each pair.
 *
 * @param all what is scored of all segments: where several are looked at together
 * @param each of each pair, in their order
 */
record Coverages(Coverage all, List<Coverage> each) {

    Coverages {
        each = List.copyOf(each);
    }

    /**
     * @param aligned pairs, regions behind the segments they consist of
     * @throws InputException if an extent lies outside the reference, or nothing is left of a segment to score
     */
    static Coverages of(AlignedPair aligned, Scope scope, Grid referenceGrid) throws InputException {
        Grid grid = aligned.alignment().evaluation();
        BitMask ignored = aligned.ignored();
        Coverage whole = new Coverage(grid, List.of(), ignored);
        Coverage all = whole;
        List<Coverage> each = new ArrayList<>();
        for (SegmentMatching.Pair pair : aligned.pairs()) {
            // Several segments are known together where each of them is; regions stand behind the segments.
            Coverage own = pair.rule() == Scorecard.MatchRule.REGION ? all : whole;
            if (scope.extents() != null) {
                Segment identity = pair.identity();
                for (Scope.ExtentOf extent : scope.extents()) {
                    if (extent.segments().isEmpty()
                            || extent.segments().stream().anyMatch(s -> s.names(identity))) {
                        Coverage.Part part = part(extent.extent(), aligned, pair.reference(), referenceGrid);
                        own = part == null ? whole : new Coverage(grid, List.of(part), ignored);
                        break;
                    }
                }
            }
            if (own.voxels() == 0) {
                throw unusable(
                        "Nothing is left to score of a segment: its extent has no voxel that is not ignored.",
                        "0 voxels to score",
                        "at least one");
            }
            each.add(own);
            all = all.and(own);
        }
        return new Coverages(all, each);
    }

    private static Coverage.@Nullable Part part(
            Extent extent, AlignedPair aligned, @Nullable Segment reference, Grid referenceGrid) throws InputException {
        Reindexing map = aligned.alignment().reference();
        AlignedSide side = aligned.reference();
        Grid grid = aligned.alignment().evaluation();
        return switch (extent) {
            case Extent.Full full -> null;
            case Extent.PatientBox box -> {
                Coverage.Part part = new Coverage.Part.Patient(box);
                if (new Coverage(grid, List.of(part), null).voxels() == 0) {
                    throw outside(
                            "a box from " + box.from() + " to " + box.to() + " mm",
                            "a box with the centre of at least one voxel");
                }
                yield part;
            }
            case Extent.VoxelBox box -> {
                Box declared = new Box(
                        box.from().get(0),
                        box.from().get(1),
                        box.from().get(2),
                        after(box.to().get(0)),
                        after(box.to().get(1)),
                        after(box.to().get(2)));
                Box inside = declared.intersection(referenceGrid.box());
                if (inside.isEmpty()) {
                    throw outside(
                            "a box from " + box.from() + " to " + box.to(),
                            "a box with voxels of the reference's " + referenceGrid.nx() + " x " + referenceGrid.ny()
                                    + " x " + referenceGrid.nz());
                }
                yield new Coverage.Part.Within(map.apply(inside));
            }
            case Extent.Range range -> {
                int axis = axis(range.axis(), grid);
                int slices = referenceGrid.size(axis);
                requireSlice(range.from(), slices);
                Box own = side.hard(side.voxels(reference)).box();
                Box all = grid.box();
                int shift = map.offset(axis);
                // An end that a reference without voxels does not say is the end of the volume: what the prediction has
                // is then an error.
                int from = range.from() != null ? range.from() + shift : own.isEmpty() ? 0 : from(own, axis);
                int to = range.to() != null
                        ? Math.min(range.to(), slices - 1) + 1 + shift
                        : own.isEmpty() ? grid.size(axis) : to(own, axis);
                int first = Math.clamp(from, 0, grid.size(axis));
                int last = Math.clamp(to, first, grid.size(axis));
                yield new Coverage.Part.Within(new Box(
                        axis == 0 ? first : all.x0(),
                        axis == 1 ? first : all.y0(),
                        axis == 2 ? first : all.z0(),
                        axis == 0 ? last : all.x1(),
                        axis == 1 ? last : all.y1(),
                        axis == 2 ? last : all.z1()));
            }
            case Extent.Slices slices -> {
                int axis = axis(slices.axis(), grid);
                TreeSet<Integer> kept = new TreeSet<>();
                if (slices.slices().isEmpty()) {
                    annotated(side.union(), axis, kept);
                    if (kept.isEmpty()) {
                        throw unusable(
                                "The reference has no voxel of any segment, so that it does not say which of its slices are annotated.",
                                "a reference without voxels",
                                "the indices of the annotated slices in the member slices");
                    }
                }
                for (int slice : slices.slices()) {
                    requireSlice(slice, referenceGrid.size(axis));
                    kept.add(slice + map.offset(axis));
                }
                yield new Coverage.Part.Slices(axis, kept);
            }
        };
    }

    private static int after(int last) {
        return last == Integer.MAX_VALUE ? last : last + 1;
    }

    private static void requireSlice(@Nullable Integer slice, int slices) throws InputException {
        if (slice != null && slice >= slices) {
            throw outside("slice " + slice, "slices 0 to " + (slices - 1));
        }
    }

    private static InputException outside(String found, String expected) {
        return unusable("An extent lies outside the reference's volume.", found, expected);
    }

    private static InputException unusable(String why, String found, String expected) {
        return new InputException(InputProblem.INVALID_REQUEST, why, found, expected);
    }

    private static int from(Box box, int axis) {
        return axis == 0 ? box.x0() : axis == 1 ? box.y0() : box.z0();
    }

    private static int to(Box box, int axis) {
        return axis == 0 ? box.x1() : axis == 1 ? box.y1() : box.z1();
    }

    private static void annotated(BitMask union, int axis, TreeSet<Integer> slices) {
        Box box = union.box();
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                int at = axis == 1 ? y : z;
                if (axis != 0 && slices.contains(at)) {
                    continue;
                }
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (union.contains(x, y, z)) {
                        slices.add(axis == 0 ? x : at);
                    }
                }
            }
        }
    }

    /** An axis of the grid; of patient axes the one that points along it most. */
    private static int axis(Extent.Axis axis, Grid grid) {
        int direction = switch (axis) {
            case X -> -1;
            case Y -> -2;
            case Z -> -3;
            case SAGITTAL -> 0;
            case CORONAL -> 1;
            case AXIAL -> 2;
        };
        if (direction < 0) {
            return -1 - direction;
        }
        int best = 0;
        for (int i = 1; i < 3; i++) {
            if (along(grid, i, direction) > along(grid, best, direction)) {
                best = i;
            }
        }
        return best;
    }

    private static double along(Grid grid, int axis, int direction) {
        return Math.abs(grid.indexToPatient().step(axis)[direction]) / grid.spacing(axis);
    }
}
