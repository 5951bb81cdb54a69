package org.segmeter.metric.loss;

import java.util.List;

/**
 * Sums of functions of a probability over millions of voxels without evaluating the functions at each of them.
 *
 * <p>The probabilities are put into narrow bins, sixteen to each power of two of min(p, 1 - p), and for each bin the first eight
 * power sums of the position in it are kept. A sum over the voxels of a bin of any function that is smooth in it then follows
 * from its values at eight Chebyshev nodes, with weights that reproduce the power sums: an interpolatory quadrature. For a
 * function whose nearest singularity is at p = 0 or p = 1 (logarithms and powers) the relative error is below 64^-8, which is
 * 4e-15, as small as rounding. Bins in which a term has a kink (a clip, the Huber delta) are left to be summed voxel by voxel.
 */
final class ErrorMoments {

    private static final int ORDER = 8;
    private static final int PER_OCTAVE_BITS = 4;
    private static final int SHIFT = 23 - PER_OCTAVE_BITS;
    /** Smallest exponent: 2^-64. Below it, voxels are summed one by one. */
    private static final int LOWEST = 127 - 64 << PER_OCTAVE_BITS;

    private static final int BINS = (127 << PER_OCTAVE_BITS) - LOWEST;
    private static final double[] CENTRE = new double[BINS];
    private static final double[] PER_HALF_WIDTH = new double[BINS];
    private static final double[] NODES = new double[ORDER];
    /** Row j: the coefficients of the Lagrange polynomial that is 1 at node j. */
    private static final double[][] LAGRANGE = new double[ORDER][];
    /** The histogram cell that holds a whole bin of p, or of 1 - p; -1 if an edge lies in it. */
    private static final int[][] CELL = new int[2][BINS];

    static {
        for (int i = 0; i < BINS; i++) {
            double low = Float.intBitsToFloat(i + LOWEST << SHIFT);
            double high = Float.intBitsToFloat(i + 1 + LOWEST << SHIFT);
            CENTRE[i] = (low + high) / 2;
            PER_HALF_WIDTH[i] = 2 / (high - low);
            CELL[0][i] = cellOfAll(low, high);
            CELL[1][i] = cellOfAll(1 - high, 1 - low);
        }
        for (int j = 0; j < ORDER; j++) {
            NODES[j] = Math.cos((2 * j + 1) * Math.PI / (2 * ORDER));
        }
        for (int j = 0; j < ORDER; j++) {
            double[] polynomial = new double[ORDER];
            polynomial[0] = 1;
            int degree = 0;
            for (int k = 0; k < ORDER; k++) {
                if (k != j) {
                    double scale = 1 / (NODES[j] - NODES[k]);
                    for (int d = ++degree; d >= 0; d--) {
                        double lower = d == 0 ? 0 : polynomial[d - 1];
                        polynomial[d] = scale * (lower - NODES[k] * polynomial[d]);
                    }
                }
            }
            LAGRANGE[j] = polynomial;
        }
    }

    private static int cellOfAll(double low, double high) {
        int cell = ProbabilityCells.cellOf(low);
        return cell % 2 == 1 && ProbabilityCells.cellOf(high) == cell ? cell : -1;
    }

    /** Power sums by reference (0: elsewhere, 1: reference) and side (0: by p, 1: by 1 - p); empty until they are needed. */
    private final double[][] sums = {{}, {}, {}, {}};

    /** True for bins in which a term has a kink. */
    private final boolean[] kinked;

    ErrorMoments(VoxelTerm[] terms) {
        kinked = new boolean[BINS];
        for (VoxelTerm term : terms) {
            for (double kink : kinks(term)) {
                double v = Math.min(kink, 1 - kink);
                // The neighbours too: the kink is known to rounding only.
                int bin = (Float.floatToRawIntBits((float) v) >>> SHIFT) - LOWEST;
                for (int i = Math.max(0, bin - 1); i <= Math.min(BINS - 1, bin + 1); i++) {
                    kinked[i] = true;
                }
            }
        }
    }

    private static List<Double> kinks(VoxelTerm term) {
        return switch (term) {
            case VoxelTerm.ClippedCrossEntropy clipped -> List.of(clipped.clip());
            case VoxelTerm.ClippedFocal clipped -> List.of(clipped.clip());
            case VoxelTerm.Huber huber -> List.of(huber.delta());
            case VoxelTerm.LogitHinge hinge -> List.of(Surprise.sigmoid(-1));
            case VoxelTerm.CrossEntropy smooth -> List.of();
            case VoxelTerm.Focal smooth -> List.of();
            case VoxelTerm.SmoothedFocal smooth -> List.of();
            case VoxelTerm.LogPower smooth -> List.of();
            case VoxelTerm.LogCosh smooth -> List.of();
        };
    }

    /**
     * Takes a voxel, if its bin can.
     *
     * @param p strictly between 0 and 1
     * @return false if the voxel is to be summed by itself
     */
    boolean take(float p, boolean reference, ProbabilityCells cells) {
        int side = p < 0.5f ? 0 : 1;
        // For p >= 0.5 the difference is exact.
        float v = side == 0 ? p : 1 - p;
        int bin = (Float.floatToRawIntBits(v) >>> SHIFT) - LOWEST;
        if (bin < 0 || bin >= BINS || kinked[bin]) {
            return false;
        }
        int kind = (reference ? 2 : 0) + side;
        double[] m = sums[kind];
        if (m.length == 0) {
            m = new double[BINS * ORDER];
            sums[kind] = m;
        }
        double t = (v - CENTRE[bin]) * PER_HALF_WIDTH[bin];
        double t2 = t * t;
        double t3 = t2 * t;
        double t4 = t2 * t2;
        int at = bin * ORDER;
        m[at]++;
        m[at + 1] += t;
        m[at + 2] += t2;
        m[at + 3] += t3;
        m[at + 4] += t4;
        m[at + 5] += t4 * t;
        m[at + 6] += t4 * t2;
        m[at + 7] += t4 * t3;
        if (CELL[side][bin] < 0) {
            cells.add(p, reference ? 1 : 0);
        }
        return true;
    }

    void add(ErrorMoments other) {
        for (int kind = 0; kind < sums.length; kind++) {
            double[] theirs = other.sums[kind];
            if (theirs.length > 0) {
                if (sums[kind].length == 0) {
                    sums[kind] = theirs.clone();
                } else {
                    for (int i = 0; i < theirs.length; i++) {
                        sums[kind][i] += theirs[i];
                    }
                }
            }
        }
    }

    /** What receives the nodes that stand for the voxels. */
    interface Receiver {
        /**
         * @param weight how many voxels the node stands for; may be negative
         * @param reference whether they are reference voxels
         */
        void node(double weight, double p, double q, boolean reference);
    }

    /** Gives every node to the receiver and the whole bins to the histogram; returns the number of voxels taken. */
    long give(Receiver receiver, ProbabilityCells cells) {
        long voxels = 0;
        double[] m = new double[ORDER];
        for (int kind = 0; kind < sums.length; kind++) {
            boolean reference = kind >= 2;
            int side = kind & 1;
            for (int bin = 0; bin < sums[kind].length / ORDER; bin++) {
                if (sums[kind][bin * ORDER] == 0) {
                    continue;
                }
                System.arraycopy(sums[kind], bin * ORDER, m, 0, ORDER);
                double halfWidth = 1 / PER_HALF_WIDTH[bin];
                long n = (long) m[0];
                voxels += n;
                int cell = CELL[side][bin];
                if (cell >= 0) {
                    double sumV = CENTRE[bin] * m[0] + halfWidth * m[1];
                    cells.addSums(cell, n, side == 0 ? sumV : m[0] - sumV, reference ? m[0] : 0);
                }
                for (int j = 0; j < ORDER; j++) {
                    double weight = 0;
                    for (int k = 0; k < ORDER; k++) {
                        weight += LAGRANGE[j][k] * m[k];
                    }
                    double v = CENTRE[bin] + halfWidth * NODES[j];
                    receiver.node(weight, side == 0 ? v : 1 - v, side == 0 ? 1 - v : v, reference);
                }
            }
        }
        return voxels;
    }
}
