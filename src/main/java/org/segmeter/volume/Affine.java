package org.segmeter.volume;

/**
 * The affine map from voxel index (x, y, z) to patient coordinates, LPS+ in millimetres: the first three columns are the
 * steps from one voxel centre to the next along x, y and z, the last column is the centre of voxel (0, 0, 0).
 *
 * @param xi the L component (row 1) of the step along x; {@code yi}, {@code zi} likewise along y and z, {@code ti} of the origin
 * @param xj the P component (row 2)
 * @param xk the S component (row 3)
 */
public record Affine(
        double xi,
        double yi,
        double zi,
        double ti,
        double xj,
        double yj,
        double zj,
        double tj,
        double xk,
        double yk,
        double zk,
        double tk) {

    /** Unit spacing, origin 0: pixel units, for images without patient geometry. */
    public static final Affine IDENTITY = new Affine(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);

    /** The step along an axis (0 = x, 1 = y, 2 = z) in mm, LPS+. */
    public double[] step(int axis) {
        return switch (axis) {
            case 0 -> new double[] {xi, xj, xk};
            case 1 -> new double[] {yi, yj, yk};
            case 2 -> new double[] {zi, zj, zk};
            default -> throw new IllegalArgumentException("axis " + axis + " is not 0, 1 or 2");
        };
    }

    /** The centre of voxel (0, 0, 0) in mm, LPS+. */
    public double[] origin() {
        return new double[] {ti, tj, tk};
    }

    public static Affine of(double[] stepX, double[] stepY, double[] stepZ, double[] origin) {
        return new Affine(
                stepX[0], stepY[0], stepZ[0], origin[0], stepX[1], stepY[1], stepZ[1], origin[1], stepX[2], stepY[2],
                stepZ[2], origin[2]);
    }

    /** Distance in mm between neighbouring voxel centres along an axis: the norm of the column, never SliceThickness. */
    public double spacing(int axis) {
        double[] s = step(axis);
        return Math.sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
    }

    /** Volume of a voxel in mm3, signed: negative where the axes form a left-handed system. */
    public double determinant() {
        return xi * (yj * zk - zj * yk) - yi * (xj * zk - zj * xk) + zi * (xj * yk - yj * xk);
    }

    /** Patient position in mm, LPS+, of a voxel index that need not be whole. */
    public double[] apply(double x, double y, double z) {
        return new double[] {xi * x + yi * y + zi * z + ti, xj * x + yj * y + zj * z + tj, xk * x + yk * y + zk * z + tk
        };
    }

    /** The map from patient position to voxel index. @throws ArithmeticException if the affine is singular. */
    public Affine inverse() {
        double det = determinant();
        if (det == 0 || !Double.isFinite(det)) {
            throw new ArithmeticException("the affine is singular: determinant " + det);
        }
        double a = (yj * zk - zj * yk) / det;
        double b = (zi * yk - yi * zk) / det;
        double c = (yi * zj - zi * yj) / det;
        double d = (zj * xk - xj * zk) / det;
        double e = (xi * zk - zi * xk) / det;
        double f = (zi * xj - xi * zj) / det;
        double g = (xj * yk - yj * xk) / det;
        double h = (yi * xk - xi * yk) / det;
        double i = (xi * yj - yi * xj) / det;
        return new Affine(
                a,
                b,
                c,
                -(a * ti + b * tj + c * tk),
                d,
                e,
                f,
                -(d * ti + e * tj + f * tk),
                g,
                h,
                i,
                -(g * ti + h * tj + i * tk));
    }

    /** This affine with its origin moved to voxel (x, y, z): the affine of a grid cropped there. */
    public Affine movedTo(double x, double y, double z) {
        return of(step(0), step(1), step(2), apply(x, y, z));
    }
}
