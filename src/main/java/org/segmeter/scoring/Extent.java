package org.segmeter.scoring;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which part of the volume the reference was drawn in: only there are prediction and reference compared. */
public sealed interface Extent {

    /** A direction that slices are counted along, of the reference's grid. */
    enum Axis {
        X,
        Y,
        Z,
        /** The axis nearest to head-feet. */
        AXIAL,
        /** The axis nearest to front-back. */
        CORONAL,
        /** The axis nearest to left-right. */
        SAGITTAL
    }

    /** The whole volume. */
    record Full() implements Extent {}

    /**
     * A box of voxels of the reference's grid.
     *
     * @param from first voxel along x, y, z
     * @param to last voxel along x, y, z, itself inside
     */
    record VoxelBox(List<Integer> from, List<Integer> to) implements Extent {
        public VoxelBox {
            from = List.copyOf(from);
            to = List.copyOf(to);
        }
    }

    /**
     * The voxels whose centres lie in a box of patient space, its faces included.
     *
     * @param from least x, y, z in mm, LPS
     * @param to greatest x, y, z in mm, LPS
     */
    record PatientBox(List<Double> from, List<Double> to) implements Extent {
        public PatientBox {
            from = List.copyOf(from);
            to = List.copyOf(to);
        }
    }

    /**
     * All slices between two.
     *
     * @param axis across the slices
     * @param from first slice of the reference's grid; null for the first that the reference's segment has a voxel in
     * @param to last slice, itself inside; null for the last that the reference's segment has a voxel in
     */
    record Range(
            Axis axis, @Nullable Integer from, @Nullable Integer to) implements Extent {}

    /**
     * Single slices: the reference is known in them and nowhere between. Distances are those of contours within the slices.
     *
     * @param axis across the slices
     * @param slices indices in the reference's grid; empty for those in which any segment of the reference has a voxel
     */
    record Slices(Axis axis, List<Integer> slices) implements Extent {
        public Slices {
            slices = List.copyOf(slices);
        }
    }
}
