package org.segmeter.metric.loss;

import org.segmeter.volume.Box;

/** A value for each voxel of a box, x fastest. */
final class DenseField {

    final int nx;
    final int ny;
    final int nz;
    final double[] values;

    DenseField(int nx, int ny, int nz, double[] values) {
        this.nx = nx;
        this.ny = ny;
        this.nz = nz;
        this.values = values;
    }

    /** The probabilities of a side over a box of fewer than 2^31 voxels. */
    static DenseField of(Side side, Box box) {
        double[] values = new double[Math.toIntExact(box.voxelCount())];
        SideReader reader = SideReader.of(side, box);
        int at = 0;
        for (int z = box.z0(); z < box.z1(); z++) {
            for (int y = box.y0(); y < box.y1(); y++) {
                reader.read(y, z);
                System.arraycopy(reader.p, 0, values, at, box.nx());
                at += box.nx();
            }
        }
        return new DenseField(box.nx(), box.ny(), box.nz(), values);
    }

    DenseField withValues(double[] other) {
        return new DenseField(nx, ny, nz, other);
    }

    double sum() {
        // Row by row: the order is fixed and the error stays small.
        double sum = 0;
        for (int row = 0; row < values.length; row += nx) {
            double rowSum = 0;
            for (int i = row; i < row + nx; i++) {
                rowSum += values[i];
            }
            sum += rowSum;
        }
        return sum;
    }

    /** The smallest (or largest) of each voxel and its two neighbours along an axis; outside does not count. */
    DenseField extreme(int axis, boolean smallest) {
        int step = axis == 0 ? 1 : axis == 1 ? nx : nx * ny;
        int length = axis == 0 ? nx : axis == 1 ? ny : nz;
        double[] out = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int k = i / step % length;
            double v = values[i];
            if (k > 0) {
                v = smallest ? Math.min(v, values[i - step]) : Math.max(v, values[i - step]);
            }
            if (k < length - 1) {
                v = smallest ? Math.min(v, values[i + step]) : Math.max(v, values[i + step]);
            }
            out[i] = v;
        }
        return withValues(out);
    }

    /**
     * The exact Euclidean distance of each voxel centre to the nearest voxel of a set (Felzenszwalb and Huttenlocher 2012),
     * infinite if the set is empty.
     *
     * @param inSet true for the voxels of the set
     * @param spacing of voxel centres per axis
     */
    static double[] distance(int nx, int ny, int nz, boolean[] inSet, double[] spacing) {
        double[] d = new double[inSet.length];
        for (int i = 0; i < d.length; i++) {
            d[i] = inSet[i] ? 0 : Double.POSITIVE_INFINITY;
        }
        int longest = Math.max(nx, Math.max(ny, nz));
        Envelope envelope = new Envelope(longest);
        for (int axis = 0; axis < 3; axis++) {
            int step = axis == 0 ? 1 : axis == 1 ? nx : nx * ny;
            int length = axis == 0 ? nx : axis == 1 ? ny : nz;
            for (int i = 0; i < d.length; i++) {
                if (i / step % length == 0) {
                    envelope.line(d, i, step, length, spacing[axis] * spacing[axis]);
                }
            }
        }
        for (int i = 0; i < d.length; i++) {
            d[i] = Math.sqrt(d[i]);
        }
        return d;
    }

    /** The lower envelope of parabolas over one line. */
    private static final class Envelope {
        private final double[] f;
        private final int[] at;
        private final double[] from;

        Envelope(int longest) {
            f = new double[longest];
            at = new int[longest];
            from = new double[longest + 1];
        }

        void line(double[] d, int start, int step, int length, double s2) {
            int top = -1;
            for (int q = 0; q < length; q++) {
                double v = d[start + q * step];
                f[q] = v;
                if (v == Double.POSITIVE_INFINITY) {
                    continue;
                }
                double cross = Double.NEGATIVE_INFINITY;
                while (top >= 0) {
                    int p = at[top];
                    cross = (v - f[p] + s2 * ((double) q * q - (double) p * p)) / (2 * s2 * (q - p));
                    if (cross > from[top]) {
                        break;
                    }
                    top--;
                    cross = Double.NEGATIVE_INFINITY;
                }
                top++;
                at[top] = q;
                from[top] = cross;
            }
            if (top < 0) {
                return;
            }
            int k = 0;
            for (int q = 0; q < length; q++) {
                while (k < top && from[k + 1] < q) {
                    k++;
                }
                double gap = q - at[k];
                d[start + q * step] = f[at[k]] + s2 * gap * gap;
            }
        }
    }
}
