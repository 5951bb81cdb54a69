package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.List;

/**
 * Sums of functions of a probability over millions of voxels without evaluating the functions at each of them.
 *
 * <p>The float32 probabilities are put into narrow bins, 256 to each power of two of min(p, 1 - p): exponent and upper mantissa
 * bits are the bin, the lower 15 bits the position in it. For each bin the number of voxels and the first three power sums of
 * the position are kept as integers. They are exact, so the result is the same to the bit in whatever order, on however many
 * threads and with whatever vector instructions the voxels are read. A sum over the voxels of a bin of any function that is smooth
 * in it follows from its values at four Chebyshev nodes, with weights that reproduce the power sums: an interpolatory quadrature.
 * For logarithms and powers, whose singularity is at p = 0 or p = 1, the relative error is below 5e-13. Bins in which a term
 * has a kink (a clip, the Huber delta) are left to be summed voxel by voxel.
 *
 * <p>Each thread fills one of its own; {@link #add} brings them together.
 */
final class ErrorMoments {

    /** What a bin's voxels are, as {@link Bins} says. */
    private static final byte ALONE = 0;

    private static final byte IN_ONE_CELL = 1;
    private static final byte ON_AN_EDGE = 2;
    private static final byte HIGH = 3;

    private static final int ORDER = 4;
    private static final int PER_OCTAVE_BITS = 8;
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

    /** Positions are below 2^14, so that the sums of this many cubes fit a long with room for one slice more. */
    private static final int CARRY_AFTER = 1 << 20;

    private static final int CARRY_BITS = 40;

    private static final double[] NODES = new double[ORDER];
    /** Row j: the coefficients of the Lagrange polynomial that is 1 at node j. */
    private static final double[][] LAGRANGE = new double[ORDER][];

    static {
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
            case VoxelTerm.Huber huber -> List.of(huber.delta());
            case VoxelTerm.LogitHinge hinge -> List.of(Surprise.sigmoid(-1));
            case VoxelTerm.CrossEntropy smooth -> List.of();
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
    /** Four to a bin: voxels, and the sums of position, position squared and position cubed. */
    private final long[] sums = new long[ORDER * ALL_BINS];
    /** What the cubes have given off, in units of 2^40. */
    private final long[] carried = new long[ALL_BINS];

    private int sinceCarry;

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

    /**
     * Takes the voxels whose bits are set, of the 64 values from base on.
     *
     * @param reference bit by bit, whether a voxel is the reference's
     */
    void take(float[] values, int base, long voxels, long reference, Rest rest) {
        byte[] low = bins.low;
        for (long left = voxels; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            float p = values[base + i];
            int g = (int) (reference >>> i) & 1;
            int bits = Float.floatToRawIntBits(p);
            int bin = bits >>> SHIFT;
            byte kind = low[bin];
            if (kind == IN_ONE_CELL) {
                put(bin + g * LOW_BINS, bits);
            } else {
                takeOther(p, kind, 1, g, rest);
            }
        }
        took(Long.bitCount(voxels));
    }

    /** Takes voxels of one probability. */
    void take(float p, int voxels, int reference, Rest rest) {
        takeOther(p, bins.low[Float.floatToRawIntBits(p) >>> SHIFT], voxels, reference, rest);
        took(voxels);
    }

    private void takeOther(float p, byte kindOfLow, int voxels, int g, Rest rest) {
        byte kind = kindOfLow;
        int bits = Float.floatToRawIntBits(p);
        int at = (bits >>> SHIFT) + g * LOW_BINS;
        if (kind == HIGH) {
            // The difference is exact.
            bits = Float.floatToRawIntBits(1 - p);
            int bin = (bits >>> SHIFT) - LEAST_HIGH;
            kind = bins.high[bin];
            at = FIRST_HIGH + bin + g * HIGH_BINS;
        }
        if (kind == ALONE) {
            rest.alone(p, voxels, g);
            return;
        }
        if (kind == ON_AN_EDGE) {
            rest.inHistogram(p, voxels, g);
        }
        if (voxels == 1) {
            put(at, bits);
        } else {
            long d = (bits & POSITION) - HALF;
            sums[ORDER * at] += voxels;
            sums[ORDER * at + 1] += voxels * d;
            sums[ORDER * at + 2] += voxels * (d * d);
            sums[ORDER * at + 3] += voxels * (d * d * d);
        }
    }

    private void put(int bin, int bits) {
        long[] m = sums;
        int at = ORDER * bin;
        long d = (bits & POSITION) - HALF;
        long d2 = d * d;
        m[at]++;
        m[at + 1] += d;
        m[at + 2] += d2;
        m[at + 3] += d2 * d;
    }

    private void took(int voxels) {
        sinceCarry += voxels;
        if (sinceCarry >= CARRY_AFTER) {
            carry();
        }
    }

    private void carry() {
        for (int bin = 0; bin < ALL_BINS; bin++) {
            long cubes = sums[ORDER * bin + 3];
            if (cubes != 0) {
                carried[bin] += cubes >> CARRY_BITS;
                sums[ORDER * bin + 3] = cubes & (1L << CARRY_BITS) - 1;
            }
        }
        sinceCarry = 0;
    }

    /** Adds what another has taken; exact, so the order does not matter. */
    void add(ErrorMoments other) {
        carry();
        other.carry();
        for (int i = 0; i < sums.length; i++) {
            sums[i] += other.sums[i];
        }
        for (int i = 0; i < ALL_BINS; i++) {
            carried[i] += other.carried[i];
        }
        carry();
    }

    /**
     * A node that stands for voxels.
     *
     * @param weight how many voxels it stands for; may be negative
     * @param reference whether they are reference voxels
     */
    record Node(double weight, double p, double q, boolean reference) {}

    /**
     * The nodes that stand for all voxels taken, in a fixed order; whole bins go to the histogram.
     */
    List<Node> nodes(ProbabilityCells cells) {
        carry();
        List<Node> nodes = new ArrayList<>();
        for (int at = 0; at < ALL_BINS; at++) {
            if (sums[ORDER * at] == 0) {
                continue;
            }
            boolean high = at >= FIRST_HIGH;
            int within = high ? (at - FIRST_HIGH) % HIGH_BINS : at % LOW_BINS;
            boolean reference = high ? at - FIRST_HIGH >= HIGH_BINS : at >= LOW_BINS;
            int bin = high ? LEAST_HIGH + within : within;
            double halfWidth = (floor(bin + 1) - floor(bin)) / 2;
            double centre = floor(bin) + halfWidth;
            double[] m = new double[ORDER];
            m[0] = sums[ORDER * at];
            m[1] = (double) sums[ORDER * at + 1] / HALF;
            m[2] = (double) sums[ORDER * at + 2] / ((double) HALF * HALF);
            m[3] = (carried[at] * (double) (1L << CARRY_BITS) + sums[ORDER * at + 3]) / ((double) HALF * HALF * HALF);
            if ((high ? bins.high[within] : bins.low[bin]) == IN_ONE_CELL) {
                double sumV = centre * m[0] + halfWidth * m[1];
                cells.addSums(
                        ProbabilityCells.cellOf(high ? 1 - centre : centre),
                        sums[ORDER * at],
                        high ? m[0] - sumV : sumV,
                        reference ? m[0] : 0);
            }
            for (int j = 0; j < ORDER; j++) {
                double weight = 0;
                for (int k = 0; k < ORDER; k++) {
                    weight += LAGRANGE[j][k] * m[k];
                }
                double v = centre + halfWidth * NODES[j];
                nodes.add(new Node(weight, high ? 1 - v : v, high ? v : 1 - v, reference));
            }
        }
        return nodes;
    }

    /** Number of voxels taken. */
    long voxels() {
        long voxels = 0;
        for (int at = 0; at < ALL_BINS; at++) {
            voxels += sums[ORDER * at];
        }
        return voxels;
    }
}
