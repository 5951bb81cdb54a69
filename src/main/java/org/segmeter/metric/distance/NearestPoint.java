package org.segmeter.metric.distance;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.Box;

/**
 * Finds how far the nearest point of a set is: exactly, by looking at few rows of bits where it is near, and through a tree of
 * occupied cells where it is far.
 *
 * <p>Squared distances are sums of one cost per axis, {@code (y + z) + x}, always in that order: whichever way a point is found,
 * its distance has the same bits. A cost may be any function of the step that does not fall as the step grows.
 *
 * <p>Immutable once made; each thread searches through a {@link Search} of its own.
 */
final class NearestPoint {

    /** Rows up to this many points away along y and z are looked at one by one; beyond, the tree takes over. */
    private static final int NEAR_REACH = 12;
    /** Half the bits of the window that a row is seen through. */
    private static final int WINDOW = 32;

    private static final int CELL = 3;

    private final PointSet set;
    private final Box queries;
    private final Spacing spacing;
    private final double[] costX;
    private final double[] costY;
    private final double[] costZ;

    /** Null if the tree alone is asked. */
    private final @Nullable NearRows near;

    /** The rows of each block of 2 x 2 rows joined; none if the tree alone is asked. */
    private final long[] joined;

    private final int blocksY;
    private final int blocksZ;
    /** Up to and including this squared distance the near rows tell the truth. */
    private final double nearLimit;

    /** Occupied cells of 8 x 8 x 8 points and, level by level, of twice the edge; one bit of {@code occupied[level]} each. */
    private final long[][] occupied;

    private final int[] cellsX;
    private final int[] cellsY;
    private final int[] cellsZ;

    /**
     * @param set not empty
     * @param queries a box that holds every point that will be asked for
     * @param nearer by how many points each step of at least one along an axis is shortened: 0 for distances between points, 0.5
     *     for the distance to the nearest face, edge or corner of a voxel
     */
    NearestPoint(PointSet set, Box queries, Spacing spacing, double nearer) {
        this(set, queries, spacing, nearer, true);
    }

    /** The same for queries most of which lie far from every point: rows are not looked at one by one. */
    static NearestPoint far(PointSet set, Box queries, Spacing spacing) {
        return new NearestPoint(set, queries, spacing, 0, false);
    }

    private NearestPoint(PointSet set, Box queries, Spacing spacing, double nearer, boolean rows) {
        this.set = set;
        this.queries = queries;
        this.spacing = spacing;
        int x0 = set.wordX0 << 6;
        costX = costs(spacing.x(), nearer, reach(queries.x0(), queries.x1(), x0, x0 + (set.stride << 6)));
        costY = costs(spacing.y(), nearer, reach(queries.y0(), queries.y1(), set.y0, set.y0 + set.ny));
        costZ = costs(spacing.z(), nearer, reach(queries.z0(), queries.z1(), set.z0, set.z0 + set.nz));
        int reachY = Math.min(costY.length - 1, NEAR_REACH);
        int reachZ = Math.min(costZ.length - 1, NEAR_REACH);
        blocksY = (set.ny + NearRows.BLOCK - 1) / NearRows.BLOCK;
        blocksZ = (set.nz + NearRows.BLOCK - 1) / NearRows.BLOCK;
        // Beyond the shortest reach of the list there may be rows, or bits of a row, that it does not look at.
        double limit = Double.POSITIVE_INFINITY;
        if (reachY + 1 < costY.length) {
            limit = Math.min(limit, costY[reachY + 1]);
        }
        if (reachZ + 1 < costZ.length) {
            limit = Math.min(limit, costZ[reachZ + 1]);
        }
        if (WINDOW < costX.length) {
            limit = Math.min(limit, costX[WINDOW]);
        }
        nearLimit = limit;
        near = rows ? NearRows.of(spacing, nearer, reachY, reachZ) : null;
        joined = near == null ? new long[0] : joined();

        int levels = 1;
        for (int size = Math.max(set.stride << 6, Math.max(set.ny, set.nz)); size > 1 << CELL + levels - 1; ) {
            levels++;
        }
        occupied = new long[levels][];
        cellsX = new int[levels];
        cellsY = new int[levels];
        cellsZ = new int[levels];
        for (int level = 0; level < levels; level++) {
            int cell = 1 << CELL + level;
            cellsX[level] = ((set.stride << 6) + cell - 1) / cell;
            cellsY[level] = (set.ny + cell - 1) / cell;
            cellsZ[level] = (set.nz + cell - 1) / cell;
            long cells = (long) cellsX[level] * cellsY[level] * cellsZ[level];
            occupied[level] = new long[Math.toIntExact(cells + 63 >> 6)];
        }
        occupyCells();
    }

    private long[] joined() {
        int stride = set.stride;
        long[] blocks = new long[Math.multiplyExact(blocksY * blocksZ, stride)];
        int from = 0;
        for (int k = 0; k < set.nz; k++) {
            for (int j = 0; j < set.ny; j++) {
                int to = (k / NearRows.BLOCK * blocksY + j / NearRows.BLOCK) * stride;
                for (int i = 0; i < stride; i++) {
                    blocks[to + i] |= set.words[from++];
                }
            }
        }
        return blocks;
    }

    private static int reach(int from, int to, int otherFrom, int otherTo) {
        return Math.max(Math.max(to, otherTo) - Math.min(from, otherFrom), 1);
    }

    /** What steps of 0, 1, ... up to the reach cost along an axis, mm2. */
    static double[] costs(double spacing, double nearer, int reach) {
        double[] costs = new double[reach + 1];
        for (int steps = 1; steps <= reach; steps++) {
            costs[steps] = ((steps - nearer) * spacing) * ((steps - nearer) * spacing);
        }
        return costs;
    }

    private void occupyCells() {
        for (int k = 0; k < set.nz; k++) {
            for (int j = 0; j < set.ny; j++) {
                int row = (k * set.ny + j) * set.stride;
                int cells = ((k >> CELL) * cellsY[0] + (j >> CELL)) * cellsX[0];
                for (int i = 1; i < set.stride - 1; i++) {
                    long w = set.words[row + i];
                    if (w != 0) {
                        for (int b = 0; b < 8; b++) {
                            if ((w >>> 8 * b & 255) != 0) {
                                int cell = cells + 8 * i + b;
                                occupied[0][cell >> 6] |= 1L << cell;
                            }
                        }
                    }
                }
            }
        }
        for (int level = 1; level < occupied.length; level++) {
            int at = 0;
            for (int k = 0; k < cellsZ[level - 1]; k++) {
                for (int j = 0; j < cellsY[level - 1]; j++) {
                    for (int i = 0; i < cellsX[level - 1]; i++, at++) {
                        if ((occupied[level - 1][at >> 6] >>> at & 1) != 0) {
                            int cell = ((k >> 1) * cellsY[level] + (j >> 1)) * cellsX[level] + (i >> 1);
                            occupied[level][cell >> 6] |= 1L << cell;
                        }
                    }
                }
            }
        }
    }

    Search search() {
        return new Search();
    }

    /** The same by another way, see there. */
    RowSweep sweep(RowSweep.Columns columns) {
        return new RowSweep(columns, set, costX, costY, costZ);
    }

    /**
     * The search of one thread. It remembers what it found: the next query is mostly beside the last one in its row, or beside one of
     * an earlier row or slice, so its distance is known within the step between the two.
     */
    final class Search implements DistanceLookup {

        private static final int BLOCK = 3;

        /** How many rows and cells were looked at so far. */
        private long steps;

        private boolean found;
        private int lastX;
        private int lastY;
        private int lastZ;
        private double best;
        /** For each block of 8 x 8 query rows the last far query, the point found for it, and how far that was. */
        private int @Nullable [] farQueries;

        private double @Nullable [] farDistances;
        private final int blocksX = (queries.nx() >> BLOCK) + 1;
        private final double nearDistance = Math.sqrt(nearLimit);

        /** How many rows of points and cells of the tree were looked at for all queries so far: what the search costs. */
        long steps() {
            return steps;
        }

        @Override
        public double squared(int x, int y, int z) {
            best = Double.POSITIVE_INFINITY;
            if (found) {
                offer(lastX, lastY, lastZ, x, y, z);
            }
            if (!surelyFar(x, y, z) && near != null) {
                rows(near, x, y, z);
            }
            if (best > nearLimit || near == null) {
                int top = occupied.length - 1;
                tree(top, 0, 0, 0, x - (set.wordX0 << 6), y - set.y0, z - set.z0);
                remember(x, y, z);
            }
            found = true;
            return best;
        }

        /**
         * True if a point of the set is less than this far away. Knowing how far is enough, it looks less far than {@link #squared}.
         *
         * @param limit in mm, above 0
         */
        boolean isNearer(int x, int y, int z, double limit) {
            // The smallest square whose root is not below the limit.
            double start = limit * limit;
            while (Math.sqrt(start) < limit) {
                start = Math.nextUp(start);
            }
            while (Math.sqrt(Math.nextDown(start)) >= limit) {
                start = Math.nextDown(start);
            }
            best = start;
            if (found) {
                offer(lastX, lastY, lastZ, x, y, z);
            }
            if (best == start) {
                if (near != null) {
                    rows(near, x, y, z);
                }
                if (best == start && (start > nearLimit || near == null)) {
                    tree(occupied.length - 1, 0, 0, 0, x - (set.wordX0 << 6), y - set.y0, z - set.z0);
                }
            }
            boolean nearer = best < start;
            found |= nearer;
            return nearer;
        }

        private void offer(int px, int py, int pz, int x, int y, int z) {
            double d = costY[Math.abs(y - py)] + costZ[Math.abs(z - pz)] + costX[Math.abs(x - px)];
            if (d < best) {
                best = d;
                lastX = px;
                lastY = py;
                lastZ = pz;
            }
        }

        private int block(int x, int y) {
            return ((y - queries.y0()) >> BLOCK) * blocksX + ((x - queries.x0()) >> BLOCK);
        }

        /** Starts from what was found for a query nearby; true if even the step from there leaves this one beyond the near rows. */
        private boolean surelyFar(int x, int y, int z) {
            int[] at = farQueries;
            double[] distances = farDistances;
            if (at == null || distances == null) {
                return false;
            }
            int block = block(x, y);
            if (distances[block] == 0) {
                return false;
            }
            int i = 6 * block;
            offer(at[i + 3], at[i + 4], at[i + 5], x, y, z);
            double dx = (x - at[i]) * spacing.x();
            double dy = (y - at[i + 1]) * spacing.y();
            double dz = (z - at[i + 2]) * spacing.z();
            double step = Math.sqrt(dx * dx + dy * dy + dz * dz);
            return (distances[block] - step) * (1 - 1e-9) > nearDistance;
        }

        private void remember(int x, int y, int z) {
            if (farQueries == null || farDistances == null) {
                int blocks = blocksX * ((queries.ny() >> BLOCK) + 1);
                farQueries = new int[6 * blocks];
                farDistances = new double[blocks];
            }
            int block = block(x, y);
            farDistances[block] = Math.sqrt(best);
            int i = 6 * block;
            farQueries[i] = x;
            farQueries[i + 1] = y;
            farQueries[i + 2] = z;
            farQueries[i + 3] = lastX;
            farQueries[i + 4] = lastY;
            farQueries[i + 5] = lastZ;
        }

        private void rows(NearRows near, int x, int y, int z) {
            int start = x - WINDOW;
            int word = (start >> 6) - set.wordX0;
            int shift = start & 63;
            int stride = set.stride;
            if (word < -1 || word >= stride) {
                return;
            }
            long[] words = set.words;
            int y0 = set.y0;
            int ny = set.ny;
            int z0 = set.z0;
            int nz = set.nz;
            boolean low = word >= 0;
            boolean high = shift != 0 && word + 1 < stride;
            if (best > near.blocksFrom) {
                blocks(near.blocks(y - y0, z - z0), x, y - y0, z - z0, word, shift, low, high);
                return;
            }
            int[] nearY = near.y;
            int[] nearZ = near.z;
            double[] nearCost = near.cost;
            int nearRows = nearCost.length;
            for (int i = 0; i < nearRows; i++) {
                double cost = nearCost[i];
                if (cost >= best) {
                    steps += i;
                    return;
                }
                int j = y + nearY[i] - y0;
                int k = z + nearZ[i] - z0;
                if (j < 0 || j >= ny || k < 0 || k >= nz) {
                    continue;
                }
                int at = (k * ny + j) * stride + word;
                long window = (low ? words[at] >>> shift : 0) | (high ? words[at + 1] << 64 - shift : 0);
                if (window == 0) {
                    continue;
                }
                // Bit 32 of the window is x itself.
                int right = Long.numberOfTrailingZeros(window >>> WINDOW);
                int left = Long.numberOfLeadingZeros(window << WINDOW - 1);
                int step = Math.min(right, left);
                if (step >= 64) {
                    continue;
                }
                double d = cost + costX[step];
                if (d < best) {
                    best = d;
                    lastX = right <= left ? x + right : x - left;
                    lastY = y + nearY[i];
                    lastZ = z + nearZ[i];
                }
            }
            steps += nearRows;
        }

        /**
         * Looks at blocks of rows, nearest first, and at the rows of those that may hold a nearer point: in the empty ball around a query
         * few do. Row and slice are counted from the set's first.
         */
        private void blocks(
                NearRows.Blocks order, int x, int row, int slice, int word, int shift, boolean low, boolean high) {
            int blockY = row >> NearRows.BLOCK_BITS;
            int blockZ = slice >> NearRows.BLOCK_BITS;
            int stride = set.stride;
            double[] cost = order.cost();
            for (int i = 0; i < cost.length; i++) {
                if (cost[i] >= best) {
                    steps += i;
                    return;
                }
                int j = blockY + order.y()[i];
                int k = blockZ + order.z()[i];
                if (j < 0 || j >= blocksY || k < 0 || k >= blocksZ) {
                    continue;
                }
                int at = (k * blocksY + j) * stride + word;
                long window = (low ? joined[at] >>> shift : 0) | (high ? joined[at + 1] << 64 - shift : 0);
                if (window == 0) {
                    continue;
                }
                int step = Math.min(
                        Long.numberOfTrailingZeros(window >>> WINDOW), Long.numberOfLeadingZeros(window << WINDOW - 1));
                if (step < 64 && cost[i] + costX[step] < best) {
                    steps += NearRows.BLOCK * NearRows.BLOCK / 2;
                    block(j, k, x, row, slice, word, shift, low, high);
                }
            }
            steps += cost.length;
        }

        private void block(int j, int k, int x, int row, int slice, int word, int shift, boolean low, boolean high) {
            int firstRow = j << NearRows.BLOCK_BITS;
            int lastRow = Math.min(firstRow + NearRows.BLOCK, set.ny);
            int firstSlice = k << NearRows.BLOCK_BITS;
            int lastSlice = Math.min(firstSlice + NearRows.BLOCK, set.nz);
            long[] words = set.words;
            for (int sz = firstSlice; sz < lastSlice; sz++) {
                double costOfZ = costZ[Math.abs(sz - slice)];
                for (int ry = firstRow; ry < lastRow; ry++) {
                    double cost = costY[Math.abs(ry - row)] + costOfZ;
                    if (cost >= best) {
                        continue;
                    }
                    int at = (sz * set.ny + ry) * set.stride + word;
                    long window = (low ? words[at] >>> shift : 0) | (high ? words[at + 1] << 64 - shift : 0);
                    int right = Long.numberOfTrailingZeros(window >>> WINDOW);
                    int left = Long.numberOfLeadingZeros(window << WINDOW - 1);
                    int step = Math.min(right, left);
                    if (step < 64 && cost + costX[step] < best) {
                        best = cost + costX[step];
                        lastX = right <= left ? x + right : x - left;
                        lastY = set.y0 + ry;
                        lastZ = set.z0 + sz;
                    }
                }
            }
        }

        /** Looks through the children of a cell, nearest first. Coordinates are counted from the set's first word and row. */
        private void tree(int level, int cx, int cy, int cz, int x, int y, int z) {
            if (level == 0) {
                leaf(cx, cy, cz, x, y, z);
                return;
            }
            steps += 8;
            int below = level - 1;
            int size = 1 << CELL + below;
            // The child on the query's side first; then by bits, so that opposite corners come last.
            int nearX = x < (2 * cx + 1) * size ? 0 : 1;
            int nearYSide = y < (2 * cy + 1) * size ? 0 : 1;
            int nearZSide = z < (2 * cz + 1) * size ? 0 : 1;
            for (int i = 0; i < 8; i++) {
                int kx = 2 * cx + (i & 1 ^ nearX);
                int ky = 2 * cy + (i >> 1 & 1 ^ nearYSide);
                int kz = 2 * cz + (i >> 2 ^ nearZSide);
                if (kx >= cellsX[below] || ky >= cellsY[below] || kz >= cellsZ[below]) {
                    continue;
                }
                int cell = (kz * cellsY[below] + ky) * cellsX[below] + kx;
                if ((occupied[below][cell >> 6] >>> cell & 1) == 0) {
                    continue;
                }
                double bound = costY[gap(y, ky * size, size)]
                        + costZ[gap(z, kz * size, size)]
                        + costX[gap(x, kx * size, size)];
                if (bound < best) {
                    tree(below, kx, ky, kz, x, y, z);
                }
            }
        }

        private void leaf(int cx, int cy, int cz, int x, int y, int z) {
            steps += 8;
            int size = 1 << CELL;
            int endY = Math.min((cy + 1) * size, set.ny);
            int endZ = Math.min((cz + 1) * size, set.nz);
            int fromX = cx * size;
            for (int k = cz * size; k < endZ; k++) {
                double costOfZ = costZ[Math.abs(z - k)];
                if (costOfZ >= best) {
                    continue;
                }
                steps += 8;
                for (int j = cy * size; j < endY; j++) {
                    double cost = costY[Math.abs(y - j)] + costOfZ;
                    if (cost >= best) {
                        continue;
                    }
                    int bits = (int) (set.words[(k * set.ny + j) * set.stride + (cx >> 3)] >>> 8 * (cx & 7)) & 255;
                    if (bits == 0) {
                        continue;
                    }
                    int at = x - fromX;
                    // The nearest set bit at or after the query, and the nearest before it.
                    int after = at <= 0 ? bits : at > 7 ? 0 : bits & 255 << at;
                    int before = at <= 0 ? 0 : at > 7 ? bits : bits & (1 << at) - 1;
                    if (after != 0) {
                        take(cost, fromX + Integer.numberOfTrailingZeros(after), j, k, x);
                    }
                    if (before != 0) {
                        take(cost, fromX + 31 - Integer.numberOfLeadingZeros(before), j, k, x);
                    }
                }
            }
        }

        private void take(double cost, int px, int py, int pz, int x) {
            double d = cost + costX[Math.abs(x - px)];
            if (d < best) {
                best = d;
                lastX = px + (set.wordX0 << 6);
                lastY = py + set.y0;
                lastZ = pz + set.z0;
            }
        }
    }

    private static int gap(int at, int from, int size) {
        return at < from ? from - at : at >= from + size ? at - from - size + 1 : 0;
    }
}
