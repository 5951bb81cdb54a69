package org.segmeter.metric.distance;

import java.util.Optional;
import org.segmeter.volume.Affine;
import org.segmeter.volume.Grid;

/**
 * Distances in mm between neighbouring voxel centres along the axes of a grid whose axes are at right angles.
 *
 * @param x along the first axis, finite and above 0; {@code y}, {@code z} likewise
 */
public record Spacing(double x, double y, double z) {

    /** Voxel units, for definitions that ignore the spacing. */
    public static final Spacing VOXELS = new Spacing(1, 1, 1);

    /** The largest |cosine| between two axes that still counts as a right angle: 0.06 degrees, the rounding of real files. */
    private static final double RIGHT_ANGLE = 1e-3;

    public Spacing {
        if (!(x > 0 && y > 0 && z > 0) || !Double.isFinite(x + y + z)) {
            throw new IllegalArgumentException("a spacing is finite and above 0: " + x + ", " + y + ", " + z);
        }
    }

    /** The spacing of a grid, however it lies in space; empty if its axes are sheared, for then axes alone do not tell distances. */
    public static Optional<Spacing> of(Grid grid) {
        Affine a = grid.indexToPatient();
        for (int i = 0; i < 3; i++) {
            double[] p = a.step(i);
            double[] q = a.step((i + 1) % 3);
            double dot = p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
            if (Math.abs(dot) > RIGHT_ANGLE * a.spacing(i) * a.spacing((i + 1) % 3)) {
                return Optional.empty();
            }
        }
        return Optional.of(new Spacing(a.spacing(0), a.spacing(1), a.spacing(2)));
    }

    public double smallest() {
        return Math.min(x, Math.min(y, z));
    }
}
