package org.segmeter.metric.distance;

import java.util.Arrays;

/**
 * Finds how far the nearest point of a set is, row of queries by row, as a separable distance transform does: first along y in each
 * column of each slice of the set, then along z, both for all columns at once; last along x for each query. What it costs depends
 * on the extent of the set and the number of rows, not on how many points are almost equally near: in a shell around a ball that is
 * all of them, and a search has to look at each.
 *
 * <p>Adding a cost rounds, but never turns a smaller sum into a larger one. So the minimum may be taken axis by axis, and is the one
 * that {@link NearestPoint.Search} finds, to the bit, as long as costs are added in the same order: {@code (y + z) + x}.
 *
 * <p>Queries are best asked with y changing least often and x most often.
 */
final class RowSweep implements DistanceLookup {

    /** After how many slices it is looked whether those farther away can still be nearer. */
    private static final int SLICES = 4;

    private final Columns columns;
    private final PointSet set;
    private final double[] costX;
    private final double[] costY;
    private final double[] costZ;

    /** For each slice of the set and each column the cost of the step along y to the nearest point; infinite where there is none. */
    private final double[] alongY;

    private final double[] leastOfSlice;
    private double least;

    /** For each column the smallest cost of the steps along y and z. */
    private final double[] row;

    private double leastOfRow;
    private boolean started;
    private int rowY;
    private int rowZ;
    private int last;

    RowSweep(Columns columns, PointSet set, double[] costX, double[] costY, double[] costZ) {
        this.columns = columns;
        this.set = set;
        this.costX = costX;
        this.costY = costY;
        this.costZ = costZ;
        alongY = new double[Math.multiplyExact(columns.width, set.nz)];
        leastOfSlice = new double[set.nz];
        row = new double[columns.width];
    }

    /** Where a set has points, whatever their y. Immutable. */
    static final class Columns {

        /** The first column, an x, and how many follow up to the last one with a point. */
        private final int x0;

        private final int width;
        /** The words of each slice, all rows joined. */
        private final long[] joined;

        /** The columns with a point in any slice, counted from {@code x0}. */
        private final int[] used;

        /** @param set not empty */
        Columns(PointSet set) {
            int stride = set.stride;
            joined = new long[stride * set.nz];
            long[] all = new long[stride];
            for (int k = 0, at = 0; k < set.nz; k++) {
                for (int j = 0; j < set.ny; j++) {
                    for (int i = 0; i < stride; i++) {
                        joined[k * stride + i] |= set.words[at++];
                    }
                }
                for (int i = 0; i < stride; i++) {
                    all[i] |= joined[k * stride + i];
                }
            }
            int n = 0;
            int[] found = new int[stride << 6];
            for (int i = 0; i < stride; i++) {
                for (long left = all[i]; left != 0; left &= left - 1) {
                    found[n++] = (i << 6) + Long.numberOfTrailingZeros(left);
                }
            }
            int first = found[0];
            x0 = (set.wordX0 << 6) + first;
            width = found[n - 1] - first + 1;
            used = new int[n];
            for (int i = 0; i < n; i++) {
                used[i] = found[i] - first;
            }
        }

        /**
         * About how many steps, each like looking at one row of points, a sweep takes.
         *
         * @param ys rows of queries with different y
         * @param rows rows of queries
         * @param queries queries
         */
        double steps(PointSet set, long ys, long rows, long queries) {
            return steps(set, width, ys, rows, queries);
        }

        /** As {@link #steps}, at least, for it is not known yet how many columns there are. */
        static double leastSteps(PointSet set, long ys, long rows, long queries) {
            return steps(set, 1, ys, rows, queries);
        }

        private static double steps(PointSet set, int width, long ys, long rows, long queries) {
            double alongY = (double) ys * set.nz * ((set.stride - 2) * 0.5 * set.ny + width);
            double alongZ = (double) rows * set.nz * (2 + 0.25 * width);
            return alongY + alongZ + queries * (4 + 0.5 * width);
        }
    }

    @Override
    public double squared(int x, int y, int z) {
        if (!started || y != rowY) {
            sweepY(y);
            sweepZ(z);
        } else if (z != rowZ) {
            sweepZ(z);
        }
        started = true;
        rowY = y;
        rowZ = z;
        int at = x - columns.x0;
        int width = columns.width;
        double best = row[last] + costX[Math.abs(at - last)];
        for (int step = Math.max(0, Math.max(-at, at - width + 1)); step < costX.length; step++) {
            double cost = costX[step];
            if (leastOfRow + cost >= best) {
                break;
            }
            int left = at - step;
            int right = at + step;
            if (left < 0 && right >= width) {
                break;
            }
            if (left >= 0 && left < width && row[left] + cost < best) {
                best = row[left] + cost;
                last = left;
            }
            if (right >= 0 && right < width && row[right] + cost < best) {
                best = row[right] + cost;
                last = right;
            }
        }
        return best;
    }

    private void sweepY(int y) {
        Arrays.fill(alongY, Double.POSITIVE_INFINITY);
        int stride = set.stride;
        int at = y - set.y0;
        int outside = Math.max(0, Math.max(-at, at - set.ny + 1));
        // Column 0 within its word.
        int start = columns.x0 - (set.wordX0 << 6);
        least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < set.nz; k++) {
            double leastHere = Double.POSITIVE_INFINITY;
            for (int i = 1; i < stride - 1; i++) {
                long left = columns.joined[k * stride + i];
                int to = k * columns.width + (i << 6) - start;
                for (int step = outside; left != 0; step++) {
                    long found = 0;
                    if (at - step >= 0 && at - step < set.ny) {
                        found = left & set.words[(k * set.ny + at - step) * stride + i];
                    }
                    if (at + step >= 0 && at + step < set.ny) {
                        found |= left & set.words[(k * set.ny + at + step) * stride + i];
                    }
                    if (found != 0) {
                        double cost = costY[step];
                        leastHere = Math.min(leastHere, cost);
                        left &= ~found;
                        for (; found != 0; found &= found - 1) {
                            alongY[to + Long.numberOfTrailingZeros(found)] = cost;
                        }
                    }
                }
            }
            leastOfSlice[k] = leastHere;
            least = Math.min(least, leastHere);
        }
    }

    private void sweepZ(int z) {
        Arrays.fill(row, Double.POSITIVE_INFINITY);
        int at = z - set.z0;
        double most = Double.POSITIVE_INFINITY;
        for (int step = Math.max(0, Math.max(-at, at - set.nz + 1)); step < costZ.length; step++) {
            double cost = costZ[step];
            if (least + cost >= most || at - step < 0 && at + step >= set.nz) {
                break;
            }
            if (at - step >= 0 && at - step < set.nz && leastOfSlice[at - step] + cost < most) {
                join(at - step, cost);
            }
            if (step > 0 && at + step >= 0 && at + step < set.nz && leastOfSlice[at + step] + cost < most) {
                join(at + step, cost);
            }
            if (step % SLICES == SLICES - 1) {
                most = 0;
                for (int column : columns.used) {
                    most = Math.max(most, row[column]);
                }
            }
        }
        leastOfRow = Double.POSITIVE_INFINITY;
        for (double cost : row) {
            leastOfRow = Math.min(leastOfRow, cost);
        }
    }

    private void join(int slice, double cost) {
        double[] from = alongY;
        double[] to = row;
        int at = slice * columns.width;
        for (int i = 0; i < to.length; i++) {
            to[i] = Math.min(to[i], from[at + i] + cost);
        }
    }
}
