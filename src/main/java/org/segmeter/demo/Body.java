package org.segmeter.demo;

import java.util.random.RandomGenerator;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Grid;

/**
 * A smooth body: an ellipsoid whose surface is moved in and out along its radius by some waves. In millimetres from the grid's first
 * voxel, along its axes.
 *
 * @param centre its middle
 * @param radius its half axes
 * @param waves of its surface
 */
record Body(double[] centre, double[] radius, Wave[] waves) {

    /**
     * A wave over the sphere of directions.
     *
     * @param direction in which it runs, times its number of periods
     * @param phase in radians
     * @param height as a part of the radius
     */
    record Wave(double[] direction, double phase, double height) {
        double at(double x, double y, double z) {
            return height * Math.cos(direction[0] * x + direction[1] * y + direction[2] * z + phase);
        }
    }

    /** Waves of a total height (root of the sum of squares), with up to {@code periods} periods. */
    static Wave[] waves(int count, double height, double periods, RandomGenerator random) {
        Wave[] waves = new Wave[count];
        for (int i = 0; i < count; i++) {
            double[] direction = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
            double length =
                    Math.sqrt(direction[0] * direction[0] + direction[1] * direction[1] + direction[2] * direction[2]);
            for (int axis = 0; axis < 3; axis++) {
                direction[axis] *= periods * (0.5 + 0.5 * random.nextDouble()) / length;
            }
            waves[i] = new Wave(
                    direction,
                    2 * Math.PI * random.nextDouble(),
                    height / Math.sqrt(count) * (0.5 + random.nextDouble()));
        }
        return waves;
    }

    /** The same, moved, scaled and with more waves. */
    Body changed(double[] shift, double scale, Wave[] more) {
        Wave[] all = java.util.Arrays.copyOf(waves, waves.length + more.length);
        System.arraycopy(more, 0, all, waves.length, more.length);
        return new Body(
                new double[] {centre[0] + shift[0], centre[1] + shift[1], centre[2] + shift[2]},
                new double[] {radius[0] * scale, radius[1] * scale, radius[2] * scale},
                all);
    }

    /** Adds its voxels to a mask, except those that another mask has. */
    void paint(Grid grid, BitMask mask, BitMask taken) {
        double margin = 1;
        for (Wave wave : waves) {
            margin += Math.abs(wave.height);
        }
        int[] from = new int[3];
        int[] to = new int[3];
        for (int axis = 0; axis < 3; axis++) {
            double spacing = grid.spacing(axis);
            from[axis] = Math.max(0, (int) Math.floor((centre[axis] - margin * radius[axis]) / spacing));
            to[axis] = Math.min(grid.size(axis), (int) Math.ceil((centre[axis] + margin * radius[axis]) / spacing) + 1);
        }
        for (int z = from[2]; z < to[2]; z++) {
            double c = (z * grid.spacing(2) - centre[2]) / radius[2];
            for (int y = from[1]; y < to[1]; y++) {
                double b = (y * grid.spacing(1) - centre[1]) / radius[1];
                for (int x = from[0]; x < to[0]; x++) {
                    double a = (x * grid.spacing(0) - centre[0]) / radius[0];
                    double r = Math.sqrt(a * a + b * b + c * c);
                    if (r <= margin && (r < 1e-9 || r <= surface(a / r, b / r, c / r)) && !taken.contains(x, y, z)) {
                        mask.set(x, y, z);
                        taken.set(x, y, z);
                    }
                }
            }
        }
    }

    private double surface(double x, double y, double z) {
        double r = 1;
        for (Wave wave : waves) {
            r += wave.at(x, y, z);
        }
        return r;
    }
}
