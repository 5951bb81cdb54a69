package org.segmeter.volume;

/**
 * A lattice of voxels in patient space: dimensions plus the affine from voxel index to LPS+ millimetres.
 *
 * @param nx voxels along x (columns of a DICOM frame, the first axis of a NIfTI file), at least 1; {@code ny}, {@code nz} likewise
 * @param indexToPatient finite and not singular
 */
public record Grid(int nx, int ny, int nz, Affine indexToPatient) {

    public Grid {
        if (nx < 1 || ny < 1 || nz < 1) {
            throw new IllegalArgumentException(
                    "a grid has at least one voxel along each axis: " + nx + " x " + ny + " x " + nz);
        }
        double det = indexToPatient.determinant();
        if (!Double.isFinite(det) || det == 0) {
            throw new IllegalArgumentException("the affine of a grid is singular or not finite: determinant " + det);
        }
        for (double t : indexToPatient.origin()) {
            if (!Double.isFinite(t)) {
                throw new IllegalArgumentException("the origin of a grid is not finite");
            }
        }
    }

    public long voxelCount() {
        return Math.multiplyExact(Math.multiplyExact((long) nx, ny), nz);
    }

    /** Distance in mm between neighbouring voxel centres along an axis (0 = x, 1 = y, 2 = z). */
    public double spacing(int axis) {
        return indexToPatient.spacing(axis);
    }

    /** Volume of one voxel in mm3, positive; exact for sheared grids too. */
    public double voxelVolumeMm3() {
        return Math.abs(indexToPatient.determinant());
    }

    public int size(int axis) {
        return switch (axis) {
            case 0 -> nx;
            case 1 -> ny;
            case 2 -> nz;
            default -> throw new IllegalArgumentException("axis " + axis + " is not 0, 1 or 2");
        };
    }

    /** All voxels of this grid. */
    public Box box() {
        return new Box(0, 0, 0, nx, ny, nz);
    }

    /** The centres of the eight corner voxels in mm, LPS+; corner i has x, y, z at its end where bit 0, 1, 2 of i is set. */
    public double[][] corners() {
        double[][] corners = new double[8][];
        for (int i = 0; i < 8; i++) {
            corners[i] = indexToPatient.apply((i & 1) * (nx - 1), (i >> 1 & 1) * (ny - 1), (i >> 2) * (nz - 1));
        }
        return corners;
    }
}
