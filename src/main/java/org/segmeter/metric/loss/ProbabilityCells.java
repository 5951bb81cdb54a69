package org.segmeter.metric.loss;

import java.util.Arrays;

/**
 * A histogram of probabilities fine enough for every threshold k/100 and for calibration in 10, 12, 15, 20, 25, 30, 50, 60, 75,
 * 100, 150 or 300 equal bins, whichever side of a bin is closed: cell 2k holds the voxels with p = k/300 exactly, cell 2k + 1
 * those strictly between k/300 and (k + 1)/300.
 *
 * @param count voxels per cell
 * @param sumP sum of p per cell
 * @param sumG sum of g per cell: for a hard reference the number of reference voxels
 */
public record ProbabilityCells(long[] count, double[] sumP, double[] sumG) {

    /** Number of intervals between edges. */
    public static final int INTERVALS = 300;

    static final int CELLS = 2 * INTERVALS + 1;
    private static final double[] EDGES = new double[INTERVALS + 1];

    static {
        for (int k = 0; k <= INTERVALS; k++) {
            EDGES[k] = k / (double) INTERVALS;
        }
    }

    static ProbabilityCells empty() {
        return new ProbabilityCells(new long[CELLS], new double[CELLS], new double[CELLS]);
    }

    /** The cell of a probability in [0, 1]. */
    static int cellOf(double p) {
        int k = (int) (p * INTERVALS);
        // The product is rounded; the cell is not.
        if (p < EDGES[k]) {
            k--;
        } else if (k < INTERVALS && p >= EDGES[k + 1]) {
            k++;
        }
        return p == EDGES[k] ? 2 * k : 2 * k + 1;
    }

    /** The cell of the edge k / parts, which must be one of the edges. */
    public static int edgeCell(int k, int parts) {
        if (INTERVALS % parts != 0) {
            throw new IllegalArgumentException("bins that divide 300 are possible, not " + parts);
        }
        return 2 * k * (INTERVALS / parts);
    }

    void add(double p, double g) {
        int cell = cellOf(p);
        count[cell]++;
        sumP[cell] += p;
        sumG[cell] += g;
    }

    void add(int cell, long voxels, double p, double g) {
        count[cell] += voxels;
        sumP[cell] += p * voxels;
        sumG[cell] += g * voxels;
    }

    void addSums(int cell, long voxels, double p, double g) {
        count[cell] += voxels;
        sumP[cell] += p;
        sumG[cell] += g;
    }

    /** With more voxels of which neither side has anything: p and g are 0. */
    public ProbabilityCells withEmpty(long voxels) {
        ProbabilityCells more = plus(empty());
        more.count[0] += voxels;
        return more;
    }

    ProbabilityCells plus(ProbabilityCells other) {
        ProbabilityCells sum = new ProbabilityCells(count.clone(), sumP.clone(), sumG.clone());
        for (int i = 0; i < CELLS; i++) {
            sum.count[i] += other.count[i];
            sum.sumP[i] += other.sumP[i];
            sum.sumG[i] += other.sumG[i];
        }
        return sum;
    }

    /** The histogram of 1 - p and 1 - g. */
    ProbabilityCells background() {
        ProbabilityCells rest = empty();
        for (int i = 0; i < CELLS; i++) {
            int to = CELLS - 1 - i;
            rest.count[to] = count[i];
            rest.sumP[to] = count[i] - sumP[i];
            rest.sumG[to] = count[i] - sumG[i];
        }
        return rest;
    }

    /** All voxels. */
    public long voxels() {
        return Arrays.stream(count).sum();
    }

    /** Number of voxels in cells from (inclusive) to (exclusive). */
    public long count(int from, int to) {
        long n = 0;
        for (int i = from; i < to; i++) {
            n += count[i];
        }
        return n;
    }

    /** Sum of p in cells from (inclusive) to (exclusive). */
    public double sumP(int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += sumP[i];
        }
        return sum;
    }

    /** Sum of g in cells from (inclusive) to (exclusive). */
    public double sumG(int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += sumG[i];
        }
        return sum;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ProbabilityCells c
                && Arrays.equals(count, c.count)
                && Arrays.equals(sumP, c.sumP)
                && Arrays.equals(sumG, c.sumG);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(count);
    }

    @Override
    public String toString() {
        return "ProbabilityCells[" + voxels() + " voxels]";
    }
}
