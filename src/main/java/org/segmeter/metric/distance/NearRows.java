package org.segmeter.metric.distance;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * In which order the rows of points around a query are looked at: by what the steps along y and z to them cost, the least first. Depends
 * on the spacing alone, and is kept for it. Immutable.
 */
final class NearRows {

    /** Rows of a block along y, and slices along z. */
    static final int BLOCK = 2;

    static final int BLOCK_BITS = 1;

    /** From about so many rows on, looking at blocks of rows first is cheaper. */
    private static final int MANY_ROWS = 21;

    /** Spacings in use at a time are few. */
    private static final int MOST_KEPT = 64;

    private static final Map<Key, NearRows> KEPT = new ConcurrentHashMap<>();

    private record Key(Spacing spacing, double nearer, int reachY, int reachZ) {}

    /** Steps along y and z to each row, and their cost. */
    final int[] y;

    final int[] z;
    final double[] cost;

    /** Above this squared distance there are many rows that are nearer. */
    final double blocksFrom;

    /** By the place of the query's own row in its block. */
    private final Blocks[] blocks = new Blocks[BLOCK * BLOCK];

    /**
     * Blocks of rows around a query.
     *
     * @param y how many blocks away along y; likewise z
     * @param cost of the steps to the nearest row of the block
     */
    record Blocks(int[] y, int[] z, double[] cost) {
        private static Blocks of(List<Step> steps) {
            steps.sort(Comparator.comparingDouble(Step::cost)
                    .thenComparingInt(Step::z)
                    .thenComparingInt(Step::y));
            return new Blocks(
                    steps.stream().mapToInt(Step::y).toArray(),
                    steps.stream().mapToInt(Step::z).toArray(),
                    steps.stream().mapToDouble(Step::cost).toArray());
        }
    }

    private record Step(int y, int z, double cost) {}

    private NearRows(Key key) {
        double[] costY = NearestPoint.costs(key.spacing.y(), key.nearer, key.reachY);
        double[] costZ = NearestPoint.costs(key.spacing.z(), key.nearer, key.reachZ);
        List<Step> rows = new ArrayList<>();
        for (int dz = -key.reachZ; dz <= key.reachZ; dz++) {
            for (int dy = -key.reachY; dy <= key.reachY; dy++) {
                rows.add(new Step(dy, dz, costY[Math.abs(dy)] + costZ[Math.abs(dz)]));
            }
        }
        Blocks single = Blocks.of(rows);
        y = single.y;
        z = single.z;
        cost = single.cost;
        blocksFrom = cost.length <= MANY_ROWS ? Double.POSITIVE_INFINITY : cost[MANY_ROWS];
        for (int place = 0; place < blocks.length; place++) {
            List<Step> around = new ArrayList<>();
            int ofY = place % BLOCK;
            int ofZ = place / BLOCK;
            for (int bz = -reach(key.reachZ); bz <= reach(key.reachZ); bz++) {
                for (int by = -reach(key.reachY); by <= reach(key.reachY); by++) {
                    int dy = least(BLOCK * by - ofY);
                    int dz = least(BLOCK * bz - ofZ);
                    if (dy <= key.reachY && dz <= key.reachZ) {
                        around.add(new Step(by, bz, costY[dy] + costZ[dz]));
                    }
                }
            }
            blocks[place] = Blocks.of(around);
        }
    }

    private static int reach(int rows) {
        return rows / BLOCK + 1;
    }

    /** The smallest step to one of the rows of a block that begins so many rows away. */
    private static int least(int first) {
        int last = first + BLOCK - 1;
        return first > 0 ? first : last < 0 ? -last : 0;
    }

    /**
     * @param nearer as {@link NearestPoint} has it
     * @param reachY most steps along y; likewise z
     */
    static NearRows of(Spacing spacing, double nearer, int reachY, int reachZ) {
        Key key = new Key(spacing, nearer, reachY, reachZ);
        NearRows known = KEPT.get(key);
        if (known == null) {
            known = new NearRows(key);
            if (KEPT.size() >= MOST_KEPT) {
                KEPT.clear();
            }
            KEPT.put(key, known);
        }
        return known;
    }

    /** For a query in a row and slice, both counted from the first of the set. */
    Blocks blocks(int row, int slice) {
        return blocks[(slice & BLOCK - 1) * BLOCK + (row & BLOCK - 1)];
    }
}
