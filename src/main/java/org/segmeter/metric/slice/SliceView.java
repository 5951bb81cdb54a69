package org.segmeter.metric.slice;

import org.segmeter.volume.Affine;
import org.segmeter.volume.Grid;

/**
 * How the slices of a grid are laid out as pictures, in the way radiology looks at a patient ({@link Plane}), whatever order and
 * direction the grid's axes have.
 *
 * <p>Each of the three patient axes takes the voxel axis that runs most along it: of the six ways to give three axes to three, the one
 * with the largest sum of |cosines|, so that no voxel axis is taken twice, however oblique the grid. Where a voxel axis runs against
 * the direction that the picture wants, columns or rows are taken in reverse. A picture shows voxels as they are stored, never
 * interpolated: of an oblique grid it shows its own planes, which lie {@link #obliqueDegrees} away from those of the body.
 *
 * @param plane which of the three
 * @param axis voxel axis (0 for x, 1 for y, 2 for z) along which slices follow one another
 * @param columnAxis voxel axis that runs to the right or left of the picture
 * @param rowAxis voxel axis that runs down or up
 * @param columnsReversed true if the first column has the last index
 * @param rowsReversed true if the first row has the last index
 * @param grid that is looked at
 */
public record SliceView(
        Plane plane, int axis, int columnAxis, int rowAxis, boolean columnsReversed, boolean rowsReversed, Grid grid) {

    private static final int[][] PERMUTATIONS = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    private static final String[] POSITIVE = {"L", "P", "H"};
    private static final String[] NEGATIVE = {"R", "A", "F"};

    public static SliceView of(Grid grid, Plane plane) {
        double[][] cosines = cosines(grid.indexToPatient());
        int[] best = PERMUTATIONS[0];
        double most = -1;
        for (int[] axes : PERMUTATIONS) {
            double sum = 0;
            for (int patient = 0; patient < 3; patient++) {
                sum += Math.abs(cosines[axes[patient]][patient]);
            }
            if (sum > most + 1e-9) {
                most = sum;
                best = axes;
            }
        }
        int column = best[plane.across()];
        int row = best[plane.down()];
        return new SliceView(
                plane,
                best[plane.through()],
                column,
                row,
                cosines[column][plane.across()] < 0,
                cosines[row][plane.down()] * plane.downSign() < 0,
                grid);
    }

    /** Of each voxel axis its cosines with the patient axes L, P and S. */
    private static double[][] cosines(Affine affine) {
        double[][] cosines = new double[3][3];
        for (int axis = 0; axis < 3; axis++) {
            double[] step = affine.step(axis);
            double length = affine.spacing(axis);
            for (int patient = 0; patient < 3; patient++) {
                cosines[axis][patient] = step[patient] / length;
            }
        }
        return cosines;
    }

    public int slices() {
        return grid.size(axis);
    }

    public int columns() {
        return grid.size(columnAxis);
    }

    public int rows() {
        return grid.size(rowAxis);
    }

    /** Distance in mm between the centres of neighbouring columns. */
    public double columnSpacing() {
        return grid.spacing(columnAxis);
    }

    /** Distance in mm between the centres of neighbouring rows. */
    public double rowSpacing() {
        return grid.spacing(rowAxis);
    }

    /** Index along {@link #columnAxis} of a column counted from the left. */
    public int columnIndex(int column) {
        return columnsReversed ? columns() - 1 - column : column;
    }

    /** Index along {@link #rowAxis} of a row counted from the top. */
    public int rowIndex(int row) {
        return rowsReversed ? rows() - 1 - row : row;
    }

    /** The voxel index (x, y, z) of a place in a picture. */
    public int[] voxel(int column, int row, int slice) {
        int[] voxel = new int[3];
        voxel[axis] = slice;
        voxel[columnAxis] = columnIndex(column);
        voxel[rowAxis] = rowIndex(row);
        return voxel;
    }

    /** Where the middle of a slice lies along the patient axis that slices follow: mm, LPS+. */
    public double positionMm(int slice) {
        double[] middle = new double[3];
        middle[axis] = slice;
        middle[columnAxis] = (columns() - 1) / 2.0;
        middle[rowAxis] = (rows() - 1) / 2.0;
        return grid.indexToPatient().apply(middle[0], middle[1], middle[2])[plane.through()];
    }

    /** True if a higher index lies further towards the patient's left, back or head. */
    public boolean ascending() {
        return grid.indexToPatient().step(axis)[plane.through()] >= 0;
    }

    /**
     * The directions towards the edges of the picture, as DICOM's Patient Orientation has them (PS3.3 C.7.6.1.1.1): L, R, P, A, H (head),
     * F (feet).
     *
     * @return left, right, top, bottom
     */
    public String[] edges() {
        String right = POSITIVE[plane.across()];
        String left = NEGATIVE[plane.across()];
        String towards = POSITIVE[plane.down()];
        String away = NEGATIVE[plane.down()];
        return plane.downSign() > 0
                ? new String[] {left, right, away, towards}
                : new String[] {left, right, towards, away};
    }

    /** The largest angle between a voxel axis and the patient axis that it stands for: 0 if the grid lies straight. */
    public double obliqueDegrees() {
        double[][] cosines = cosines(grid.indexToPatient());
        double least = 1;
        least = Math.min(least, Math.abs(cosines[axis][plane.through()]));
        least = Math.min(least, Math.abs(cosines[columnAxis][plane.across()]));
        least = Math.min(least, Math.abs(cosines[rowAxis][plane.down()]));
        return Math.toDegrees(Math.acos(Math.min(1, least)));
    }
}
