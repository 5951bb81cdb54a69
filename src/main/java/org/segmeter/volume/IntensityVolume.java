package org.segmeter.volume;

import org.jspecify.annotations.Nullable;

/**
 * An image that is looked at, not measured: 16 bits for each voxel, which stand for {@code stored * slope + intercept} in whatever unit the
 * image has, such as Hounsfield units. Integers of up to 16 bits are kept as they are; others are rounded to the nearest of 65,536
 * values between their least and their greatest.
 */
public final class IntensityVolume {

    private static final int VALUES = 1 << 16;

    private final Grid grid;
    private final short[] stored;
    private final double slope;
    private final double intercept;
    private final @Nullable Window window;
    private final boolean inverted;

    /**
     * How an image is meant to be seen.
     *
     * @param level value half way between black and white
     * @param width difference of the values that are black and white, above 0
     */
    public record Window(double level, double width) {}

    /** Without a window of its own; see the other constructor. */
    public IntensityVolume(Grid grid, short[] stored, double slope, double intercept) {
        this(grid, stored, slope, intercept, null, false);
    }

    /**
     * @param stored x fastest, z slowest; not copied
     * @param slope not 0
     * @param window that comes with the image; null if none does
     * @param inverted true if larger values are meant to be seen darker
     * @throws IllegalArgumentException if there are not as many values as voxels
     */
    public IntensityVolume(
            Grid grid, short[] stored, double slope, double intercept, @Nullable Window window, boolean inverted) {
        if (stored.length != grid.voxelCount() || slope == 0) {
            throw new IllegalArgumentException("an image has one value for each voxel, and a slope");
        }
        this.grid = grid;
        this.stored = stored;
        this.slope = slope;
        this.intercept = intercept;
        this.window = window;
        this.inverted = inverted;
    }

    /** The window that comes with the image; null if none does. */
    public @Nullable Window window() {
        return window;
    }

    /** True if larger values are meant to be seen darker. */
    public boolean inverted() {
        return inverted;
    }

    public Grid grid() {
        return grid;
    }

    /** The value of a voxel. */
    public double value(int x, int y, int z) {
        return scaled(stored[(int) (((long) z * grid.ny() + y) * grid.nx() + x)]);
    }

    private double scaled(int one) {
        return one * slope + intercept;
    }

    /** How much memory its voxels take. */
    public long bytes() {
        return 2L * stored.length;
    }

    /** The least and the greatest value. */
    public double[] range() {
        int least = Short.MAX_VALUE;
        int most = Short.MIN_VALUE;
        for (short one : stored) {
            least = Math.min(least, one);
            most = Math.max(most, one);
        }
        double a = scaled(least);
        double b = scaled(most);
        return new double[] {Math.min(a, b), Math.max(a, b)};
    }

    /**
     * Values below which parts of the voxels lie, of those that are not the least value: what lies around a body is left out.
     *
     * @param parts between 0 and 1, ascending
     * @return as many values; the least value of all for an image of one value
     */
    public double[] quantiles(double... parts) {
        long[] counts = new long[VALUES];
        for (short one : stored) {
            counts[one - Short.MIN_VALUE]++;
        }
        // In the order of the values that are meant.
        int step = slope > 0 ? 1 : -1;
        int first = slope > 0 ? 0 : VALUES - 1;
        int at = first;
        while (counts[at] == 0) {
            at += step;
        }
        double least = scaled(at + Short.MIN_VALUE);
        long all = stored.length - counts[at];
        counts[at] = 0;
        double[] values = new double[parts.length];
        java.util.Arrays.fill(values, least);
        long passed = 0;
        int next = 0;
        for (int i = 0; i < VALUES && next < parts.length && all > 0; i++) {
            int value = first + step * i;
            passed += counts[value];
            while (next < parts.length && counts[value] > 0 && passed >= parts[next] * all) {
                values[next++] = scaled(value + Short.MIN_VALUE);
            }
        }
        return values;
    }
}
