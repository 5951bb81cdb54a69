package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.List;

/**
 * Sums of functions of a probability over millions of voxels without evaluating the functions at each of them.
 *
 * <p>The float32 probabilities are put into narrow bins, 2048 to each power of two of min(p, 1 - p): exponent and upper mantissa
 * bits are the bin, the lower 12 bits the position in it. For each bin the number of voxels and the sums of the position and of
 * its square are kept as integers. They are exact, so the result is the same to the bit in whatever order, on however many
 * threads and with whatever machine instructions the voxels are read. A sum over the voxels of a bin of any function that is
 * smooth in it follows from its values at three Chebyshev nodes, with weights that reproduce the three sums: an interpolatory
 * quadrature. For logarithms and powers, whose singularity is at p = 0 or p = 1, its relative error is below 1e-11 if all voxels
 * have the most unfortunate value, and of the size of rounding for voxels spread over the bin.
 *
 * <p>So many nodes would still cost more than small volumes; those of 128 neighbouring bins are replaced by eight, in the same
 * way and with a relative error below 64^-8, which is 4e-15. Bins in which a term has a kink (a clip, the Huber delta) are left
 * to be summed voxel by voxel.
 *
 * <p>Each thread fills one of its own.
 */
final class ErrorMoments {

    /** What a bin's voxels are, as {@link Bins} says. */
    private static final byte ALONE = 0;

    private static final byte IN_ONE_CELL = 1;
    private static final byte ON_AN_EDGE = 2;
    private static final byte HIGH = 3;

    private static final int PER_OCTAVE_BITS = 11;
    private static final int SHIFT = 23 - PER_OCTAVE_BITS;
    private static final int HALF = 1 << SHIFT - 1;
    private static final int POSITION = (1 << SHIFT) - 1;

    /** The bin of the least normal float; below it, voxels are summed one by one. */
    private static final int LEAST_LOW = 1 << PER_OCTAVE_BITS;
    /** The bin of 2^-24, the least that 1 - p can be. */
    private static final int LEAST_HIGH = 127 - 24 << PER_OCTAVE_BITS;
    /** The bin of one half. */
    private static final int MIDDLE = 126 << PER_OCTAVE_BITS;

    private static final int ONE = Float.floatToRawIntBits(1);

    private static final int LOW_BINS = MIDDLE;
    private static final int HIGH_BINS = MIDDLE - LEAST_HIGH;
    /** From here on, bins of 1 - p. */
    private static final int FIRST_HIGH = 2 * LOW_BINS;

    private static final int ALL_BINS = FIRST_HIGH + 2 * HIGH_BINS;

    /** Bins that share their final nodes: sixteen groups to an octave, never across one. */
    private static final int GROUP = 1 << PER_OCTAVE_BITS - 4;

    /** The count is kept in the bits from here on, the sum of positions (each below 2^11) below it. */
    private static final int COUNT_SHIFT = 38;

    private static final long ONE_VOXEL = 1L << COUNT_SHIFT;

    /** From this many voxels on, no more rows are to be taken. */
    static final int FULL = 1 << 25;

    private static final Quadrature OF_BIN = new Quadrature(3);
    private static final Quadrature OF_GROUP = new Quadrature(8);

    /** Weights for given Chebyshev nodes on [-1, 1] that reproduce the first power sums. */
    private static final class Quadrature {
        private final double[] nodes;
        /** Row j: the coefficients of the Lagrange polynomial that is 1 at node j. */
        private final double[][] lagrange;

        Quadrature(int order) {
            nodes = new double[order];
            lagrange = new double[order][];
            for (int j = 0; j < order; j++) {
                nodes[j] = Math.cos((2 * j + 1) * Math.PI / (2 * order));
            }
            for (int j = 0; j < order; j++) {
                double[] polynomial = new double[order];
                polynomial[0] = 1;
                int degree = 0;
                for (int k = 0; k < order; k++) {
                    if (k != j) {
                        double scale = 1 / (nodes[j] - nodes[k]);
                        for (int d = ++degree; d >= 0; d--) {
                            double lower = d == 0 ? 0 : polynomial[d - 1];
                            polynomial[d] = scale * (lower - nodes[k] * polynomial[d]);
                        }
                    }
                }
                lagrange[j] = polynomial;
            }
        }

        double weight(int node, double[] powerSums) {
            double weight = 0;
            for (int k = 0; k < nodes.length; k++) {
                weight += lagrange[node][k] * powerSums[k];
            }
            return weight;
        }
    }

    /**
     * What each bin is for the terms of a pass; shared by the threads.
     *
     * @param low by the upper bits of p, for any float whatever: {@link #HIGH} stands for [0.5, 1), {@link #ALONE} also for 0, 1
     *     and what is no probability
     * @param high by the upper bits of 1 - p, from {@link #LEAST_HIGH} on
     */
    record Bins(byte[] low, byte[] high) {

        private static final Bins WITHOUT_KINKS = withoutKinks();

        private static Bins withoutKinks() {
            byte[] low = new byte[1 << 32 - SHIFT];
            byte[] high = new byte[HIGH_BINS + 1];
            for (int bin = LEAST_LOW; bin < MIDDLE; bin++) {
                low[bin] = kind(floor(bin), floor(bin + 1));
            }
            for (int bin = MIDDLE; bin < ONE >>> SHIFT; bin++) {
                low[bin] = HIGH;
            }
            for (int i = 0; i < HIGH_BINS; i++) {
                high[i] = kind(1 - floor(LEAST_HIGH + i + 1), 1 - floor(LEAST_HIGH + i));
            }
            return new Bins(low, high);
        }

        private static byte kind(double least, double most) {
            int cell = ProbabilityCells.cellOf(least);
            return cell % 2 == 1 && ProbabilityCells.cellOf(most) == cell ? IN_ONE_CELL : ON_AN_EDGE;
        }

        static Bins of(VoxelTerm[] terms) {
            Bins bins = new Bins(WITHOUT_KINKS.low.clone(), WITHOUT_KINKS.high.clone());
            for (VoxelTerm term : terms) {
                for (double kink : kinks(term)) {
                    // The neighbours too: the kink is known to rounding only.
                    int bin = Float.floatToRawIntBits((float) Math.min(kink, 1 - kink)) >>> SHIFT;
                    for (int i = bin - 1; i <= bin + 1; i++) {
                        if (i >= LEAST_LOW && i < MIDDLE) {
                            bins.low[i] = ALONE;
                        }
                        if (i >= LEAST_HIGH && i < MIDDLE) {
                            bins.high[i - LEAST_HIGH] = ALONE;
                        }
                    }
                }
            }
            return bins;
        }
    }

    private static List<Double> kinks(VoxelTerm term) {
        return switch (term) {
            case VoxelTerm.ClippedCrossEntropy clipped -> List.of(clipped.clip());
            case VoxelTerm.ClippedFocal clipped -> List.of(clipped.clip());
            case VoxelTerm.ClippedError clipped -> List.of(clipped.clip());
            case VoxelTerm.Huber huber -> List.of(huber.delta());
            case VoxelTerm.LogitHinge hinge -> List.of(Surprise.sigmoid(-1));
            case VoxelTerm.CrossEntropy smooth -> List.of();
            case VoxelTerm.ContraryCrossEntropy smooth -> List.of();
            case VoxelTerm.Focal smooth -> List.of();
            case VoxelTerm.SmoothedFocal smooth -> List.of();
            case VoxelTerm.LogPower smooth -> List.of();
            case VoxelTerm.LogCosh smooth -> List.of();
        };
    }

    /** The least value of a bin. */
    private static double floor(int bin) {
        return Float.intBitsToFloat(bin << SHIFT);
    }

    private final Bins bins;
    /** Two to a bin: the number of voxels with the sum of their positions, and the sum of the squares. */
    private final long[] sums = new long[2 * ALL_BINS];

    private int taken;

    ErrorMoments(Bins bins) {
        this.bins = bins;
    }

    /** Takes what the moments cannot. */
    interface Rest {
        /**
         * Voxels that are to be summed by themselves: exact 0 and 1, a kink nearby, or no probability at all.
         *
         * @param reference 1 or 0
         */
        void alone(float p, int voxels, int reference);

        /** Voxels that the moments have, but whose place in the histogram does not follow from them. */
        void inHistogram(float p, int voxels, int reference);
    }

    /** True if no further row may be taken. */
    boolean full() {
        return taken >= FULL;
    }

    /**
     * Takes the voxels whose bits are set, of the 64 values from base on.
     *
     * @param reference bit by bit, whether a voxel is the reference's
     */
    void take(float[] values, int base, long voxels, long reference, Rest rest) {
        long special;
        if (voxels != -1L) {
            special = voxels;
        } else if (values[base] < 0.5f) {
            special = takeLow(values, base, reference);
        } else {
            special = takeHigh(values, base, reference);
        }
        for (long left = special; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            take(values[base + i], 1, (int) (reference >>> i) & 1, rest);
        }
        taken += Long.bitCount(voxels) - Long.bitCount(special);
    }

    /** Takes the voxels with p below one half whose bin is simple; the others are returned. */
    private long takeLow(float[] values, int base, long reference) {
        byte[] low = bins.low;
        long[] m = sums;
        long special = 0;
        for (int i = 0; i < 64; i++) {
            int bits = Float.floatToRawIntBits(values[base + i]);
            int bin = bits >>> SHIFT;
            if (low[bin] == IN_ONE_CELL) {
                int at = 2 * (bin + ((int) (reference >>> i) & 1) * LOW_BINS);
                long d = (bits & POSITION) - HALF;
                m[at] += ONE_VOXEL + d;
                m[at + 1] += d * d;
            } else {
                special |= 1L << i;
            }
        }
        return special;
    }

    /** Takes the voxels with p from one half on whose bin is simple; the others are returned. */
    private long takeHigh(float[] values, int base, long reference) {
        byte[] high = bins.high;
        long[] m = sums;
        long special = 0;
        for (int i = 0; i < 64; i++) {
            // Exact from one half on; a smaller p gives more than the last bin, p = 1 less than the first.
            int bits = Float.floatToRawIntBits(1 - values[base + i]);
            int bin = (bits >>> SHIFT) - LEAST_HIGH;
            if (bin >= 0 && bin < HIGH_BINS && high[bin] == IN_ONE_CELL) {
                int at = 2 * (FIRST_HIGH + bin + ((int) (reference >>> i) & 1) * HIGH_BINS);
                long d = (bits & POSITION) - HALF;
                m[at] += ONE_VOXEL + d;
                m[at + 1] += d * d;
            } else {
                special |= 1L << i;
            }
        }
        return special;
    }

    /** Takes voxels of one probability, at most 64. */
    void take(float p, int voxels, int reference, Rest rest) {
        int bits = Float.floatToRawIntBits(p);
        int at = (bits >>> SHIFT) + reference * LOW_BINS;
        byte kind = bins.low[bits >>> SHIFT];
        if (kind == HIGH) {
            bits = Float.floatToRawIntBits(1 - p);
            int bin = (bits >>> SHIFT) - LEAST_HIGH;
            kind = bins.high[bin];
            at = FIRST_HIGH + bin + reference * HIGH_BINS;
        }
        if (kind == ALONE) {
            rest.alone(p, voxels, reference);
            return;
        }
        if (kind == ON_AN_EDGE) {
            rest.inHistogram(p, voxels, reference);
        }
        long d = (bits & POSITION) - HALF;
        sums[2 * at] += voxels * (ONE_VOXEL + d);
        sums[2 * at + 1] += voxels * (d * d);
        taken += voxels;
    }

    /**
     * A node that stands for voxels.
     *
     * @param weight how many voxels it stands for; may be negative
     * @param reference whether they are reference voxels
     */
    record Node(double weight, double p, double q, boolean reference) {
        private static Node of(double weight, double v, boolean high, boolean reference) {
            return new Node(weight, high ? 1 - v : v, high ? v : 1 - v, reference);
        }
    }

    /**
     * The nodes that stand for all voxels that were taken, in a fixed order; their places go to the histogram.
     *
     * @param all made with the same bins; which took which voxels makes no difference
     */
    static List<Node> nodes(List<ErrorMoments> all, ProbabilityCells cells) {
        List<Node> nodes = new ArrayList<>();
        for (int first = 0; first < ALL_BINS; first += GROUP) {
            addGroup(all, first, nodes, cells);
        }
        return nodes;
    }

    private static void addGroup(List<ErrorMoments> all, int first, List<Node> nodes, ProbabilityCells cells) {
        Bins bins = all.getFirst().bins;
        boolean high = first >= FIRST_HIGH;
        boolean reference = high ? first - FIRST_HIGH >= HIGH_BINS : first >= LOW_BINS;
        int firstWithin = high ? (first - FIRST_HIGH) % HIGH_BINS : first % LOW_BINS;
        int firstBin = high ? LEAST_HIGH + firstWithin : firstWithin;
        double groupHalfWidth = (floor(firstBin + GROUP) - floor(firstBin)) / 2;
        double groupCentre = floor(firstBin) + groupHalfWidth;
        double[] ofGroup = new double[OF_GROUP.nodes.length];
        List<Node> single = new ArrayList<>();
        boolean kinked = false;
        double[] m = new double[OF_BIN.nodes.length];
        for (int i = 0; i < GROUP; i++) {
            byte kind = high ? bins.high[firstWithin + i] : bins.low[firstBin + i];
            kinked |= kind == ALONE;
            long count = 0;
            long positions = 0;
            long squares = 0;
            for (ErrorMoments moments : all) {
                long packed = moments.sums[2 * (first + i)];
                long position = packed << 64 - COUNT_SHIFT >> 64 - COUNT_SHIFT;
                count += packed - position >>> COUNT_SHIFT;
                positions += position;
                squares += moments.sums[2 * (first + i) + 1];
            }
            if (count == 0) {
                continue;
            }
            m[0] = count;
            m[1] = (double) positions / HALF;
            m[2] = squares / ((double) HALF * HALF);
            double halfWidth = (floor(firstBin + i + 1) - floor(firstBin + i)) / 2;
            double centre = floor(firstBin + i) + halfWidth;
            if (kind == IN_ONE_CELL) {
                double sumV = centre * m[0] + halfWidth * m[1];
                int cell = ProbabilityCells.cellOf(high ? 1 - centre : centre);
                cells.addSums(cell, count, high ? m[0] - sumV : sumV, reference ? m[0] : 0);
            }
            for (int j = 0; j < m.length; j++) {
                double weight = OF_BIN.weight(j, m);
                double v = centre + halfWidth * OF_BIN.nodes[j];
                single.add(Node.of(weight, v, high, reference));
                double t = (v - groupCentre) / groupHalfWidth;
                double power = weight;
                for (int k = 0; k < ofGroup.length; k++) {
                    ofGroup[k] += power;
                    power *= t;
                }
            }
        }
        if (kinked || single.size() <= ofGroup.length) {
            nodes.addAll(single);
        } else {
            for (int j = 0; j < ofGroup.length; j++) {
                double v = groupCentre + groupHalfWidth * OF_GROUP.nodes[j];
                nodes.add(Node.of(OF_GROUP.weight(j, ofGroup), v, high, reference));
            }
        }
    }

    /** Number of voxels taken. */
    long voxels() {
        return taken;
    }
}
