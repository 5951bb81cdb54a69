package org.segmeter.format.nifti;

import java.nio.ByteBuffer;
import java.util.List;
import org.segmeter.volume.Affine;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/**
 * The fields that place the voxels in space, as stored.
 *
 * @param pixdim pixdim[0..3]; pixdim[0] is qfac
 * @param quaternion b, c, d
 * @param qOffset x, y, z
 * @param srow three rows of four
 */
record NiftiGeometry(
        double[] pixdim,
        int qformCode,
        int sformCode,
        double[] quaternion,
        double[] qOffset,
        double[][] srow,
        int units) {

    /**
     * How far b^2 + c^2 + d^2 may exceed 1: what float32 rounding and writers with few digits produce. Beyond it the
     * numbers are no rotation at all.
     */
    private static final double QUATERNION_EXCESS = 1e-4;

    static NiftiGeometry parse(ByteBuffer b, int version) {
        double[] pixdim = new double[4];
        double[] quaternion = new double[3];
        double[] offset = new double[3];
        double[][] srow = new double[3][4];
        if (version == 1) {
            for (int i = 0; i < 4; i++) {
                pixdim[i] = b.getFloat(76 + 4 * i);
                for (int row = 0; row < 3; row++) {
                    srow[row][i] = b.getFloat(280 + 16 * row + 4 * i);
                }
            }
            for (int i = 0; i < 3; i++) {
                quaternion[i] = b.getFloat(256 + 4 * i);
                offset[i] = b.getFloat(268 + 4 * i);
            }
            return new NiftiGeometry(
                    pixdim, b.getShort(252), b.getShort(254), quaternion, offset, srow, b.get(123) & 7);
        }
        for (int i = 0; i < 4; i++) {
            pixdim[i] = b.getDouble(104 + 8 * i);
            for (int row = 0; row < 3; row++) {
                srow[row][i] = b.getDouble(400 + 32 * row + 8 * i);
            }
        }
        for (int i = 0; i < 3; i++) {
            quaternion[i] = b.getDouble(352 + 8 * i);
            offset[i] = b.getDouble(376 + 8 * i);
        }
        return new NiftiGeometry(pixdim, b.getInt(344), b.getInt(348), quaternion, offset, srow, b.getInt(500) & 7);
    }

    /**
     * The affine to LPS+ millimetres. The sform decides where its code is positive, else the qform, else only the voxel sizes
     * ("method 1" of nifti1.h), for which a notice is added.
     *
     * @param axes axes of space that the file declares; the others have one voxel and need no spacing
     */
    Affine toLps(int axes, List<String> notices) throws InputException {
        double mm = switch (units) {
            case 1 -> 1000;
            case 3 -> 0.001;
            default -> 1;
        };
        if (units > 3) {
            notices.add("The unit of length (code " + units + ") does not exist; millimetres were assumed.");
        }
        double[][] ras;
        String source;
        if (sformCode > 0) {
            ras = srow;
            source = "sform";
            if (axes < 3 && isZero(ras, 2)) {
                ras = withNormal(ras, 1 / mm);
            }
        } else if (qformCode > 0) {
            ras = fromQuaternion(axes, 1 / mm);
            source = "qform";
        } else {
            ras = scalingOnly(axes, 1 / mm);
            source = "pixdim";
            notices.add("The file has neither sform nor qform: voxel sizes are known, position and orientation are not"
                    + " (NIfTI method 1).");
        }
        Affine affine = new Affine(
                -ras[0][0] * mm,
                -ras[0][1] * mm,
                -ras[0][2] * mm,
                -ras[0][3] * mm,
                -ras[1][0] * mm,
                -ras[1][1] * mm,
                -ras[1][2] * mm,
                -ras[1][3] * mm,
                ras[2][0] * mm,
                ras[2][1] * mm,
                ras[2][2] * mm,
                ras[2][3] * mm);
        requireUsable(affine, source);
        return affine;
    }

    private static void requireUsable(Affine affine, String source) throws InputException {
        boolean finite = true;
        for (int axis = 0; axis < 3; axis++) {
            finite &= Double.isFinite(affine.spacing(axis)) && Double.isFinite(affine.origin()[axis]);
        }
        double determinant = affine.determinant();
        double product = affine.spacing(0) * affine.spacing(1) * affine.spacing(2);
        // A relative bound: a column that is zero, or three that lie in a plane but for rounding.
        if (!finite || !(Math.abs(determinant) > 1e-6 * product) || !Double.isFinite(determinant)) {
            throw new InputException(
                    InputProblem.INVALID_GEOMETRY,
                    "The " + source + " of the NIfTI header does not place the voxels in space.",
                    finite ? "axes that span no volume" : "numbers that are not finite",
                    "three finite, independent axes");
        }
    }

    private static boolean isZero(double[][] ras, int column) {
        return ras[0][column] == 0 && ras[1][column] == 0 && ras[2][column] == 0;
    }

    /**
     * A two-dimensional image whose third column is empty: one slice along the normal.
     *
     * @param thickness in the unit of the file
     */
    private static double[][] withNormal(double[][] ras, double thickness) {
        double x = ras[1][0] * ras[2][1] - ras[2][0] * ras[1][1];
        double y = ras[2][0] * ras[0][1] - ras[0][0] * ras[2][1];
        double z = ras[0][0] * ras[1][1] - ras[1][0] * ras[0][1];
        double norm = Math.sqrt(x * x + y * y + z * z) / thickness;
        return new double[][] {
            {ras[0][0], ras[0][1], x / norm, ras[0][3]},
            {ras[1][0], ras[1][1], y / norm, ras[1][3]},
            {ras[2][0], ras[2][1], z / norm, ras[2][3]}
        };
    }

    /** @param absent spacing of an axis that the file does not have, in its unit */
    private double[] spacing(int axes, double absent) throws InputException {
        double[] spacing = new double[3];
        for (int i = 0; i < 3; i++) {
            double d = pixdim[i + 1];
            if (i >= axes && !(d > 0 && Double.isFinite(d))) {
                d = absent;
            }
            // nifti1.h: all of pixdim[1..3] are positive; negative ones, as Analyze had them, carry no meaning.
            spacing[i] = Math.abs(d);
            if (!(spacing[i] > 0) || !Double.isFinite(spacing[i])) {
                throw new InputException(
                        InputProblem.INVALID_GEOMETRY,
                        "A voxel size of the NIfTI header is not positive.",
                        "pixdim[" + (i + 1) + "] = " + pixdim[i + 1],
                        "a positive number");
            }
        }
        return spacing;
    }

    private double[][] scalingOnly(int axes, double absent) throws InputException {
        double[] s = spacing(axes, absent);
        return new double[][] {{s[0], 0, 0, 0}, {0, s[1], 0, 0}, {0, 0, s[2], 0}};
    }

    /** "Method 2" of nifti1.h. */
    private double[][] fromQuaternion(int axes, double absent) throws InputException {
        double[] s = spacing(axes, absent);
        double b = quaternion[0];
        double c = quaternion[1];
        double d = quaternion[2];
        double squares = b * b + c * c + d * d;
        if (!(squares <= 1 + QUATERNION_EXCESS)) {
            throw new InputException(
                    InputProblem.INVALID_GEOMETRY,
                    "The qform of the NIfTI header is no rotation: its quaternion is longer than 1.",
                    "b^2 + c^2 + d^2 = " + squares,
                    "at most 1");
        }
        if (squares > 1) {
            double norm = Math.sqrt(squares);
            b /= norm;
            c /= norm;
            d /= norm;
            squares = 1;
        }
        double a = Math.sqrt(1 - squares);
        double k = pixdim[0] < 0 ? -s[2] : s[2];
        return new double[][] {
            {(a * a + b * b - c * c - d * d) * s[0], 2 * (b * c - a * d) * s[1], 2 * (b * d + a * c) * k, qOffset[0]},
            {2 * (b * c + a * d) * s[0], (a * a + c * c - b * b - d * d) * s[1], 2 * (c * d - a * b) * k, qOffset[1]},
            {2 * (b * d - a * c) * s[0], 2 * (c * d + a * b) * s[1], (a * a + d * d - b * b - c * c) * k, qOffset[2]}
        };
    }
}
