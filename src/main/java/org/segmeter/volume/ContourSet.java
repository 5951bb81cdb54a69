package org.segmeter.volume;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Structures outlined by closed planar contours in patient space. They become voxels on the grid of another side
 * ({@link #onto}), whose slices the contours must lie in.
 *
 * <p>Which voxels belong to a structure: of the contours in one slice those are counted that a ray from the voxel's centre along
 * the row crosses. The voxel is inside if the number is odd (even-odd rule), so that a contour inside another one is a hole, and
 * a hole that is joined to its surroundings by a channel of two coincident edges is one too. A centre within
 * {@value #BOUNDARY} voxel of a contour belongs to the structure whatever the count says: contours are often drawn through voxel
 * centres, and decimals are rounded.
 *
 * @param structures every structure of the source, in its order; numbers occur once
 * @param source what it was read from
 */
public record ContourSet(List<Structure> structures, Segmentation.Source source) implements Delineation {

    /** In voxels: a centre no farther than this from a contour lies on it. */
    public static final double BOUNDARY = 0.01;

    /**
     * One structure.
     *
     * @param segment who it is
     * @param contours x, y, z of every point of each closed contour in mm, LPS+; the last point is joined to the first
     */
    public record Structure(Segment segment, List<double[]> contours) {
        public Structure {
            contours = List.copyOf(contours);
            for (double[] points : contours) {
                if (points.length == 0 || points.length % 3 != 0) {
                    throw new IllegalArgumentException("three numbers for each point, not " + points.length);
                }
            }
        }
    }

    public ContourSet {
        structures = List.copyOf(structures);
        Set<Integer> numbers = new HashSet<>();
        for (Structure s : structures) {
            if (!numbers.add(s.segment().number())) {
                throw new IllegalArgumentException(
                        "structure number " + s.segment().number() + " occurs twice");
            }
        }
    }

    /**
     * The voxels inside the contours.
     *
     * @param grid whose slices the contours lie in; it is extended along its axes where contours reach beyond it
     * @param mostVoxels that the extended grid may have
     * @param cancel given when the work is to stop
     * @throws InputException {@link InputProblem#GEOMETRY_MISMATCH} if the contours do not lie in slices of the grid or leave
     *     slices out, {@link InputProblem#TOO_LARGE} if the masks would take more than 4 bytes for each voxel of the grid, or
     *     filling them more work than any real structure set
     */
    public Segmentation onto(Grid grid, long mostVoxels, CancelSignal cancel) throws InputException {
        return new ContourFill(this, grid, mostVoxels, cancel).segmentation();
    }
}
