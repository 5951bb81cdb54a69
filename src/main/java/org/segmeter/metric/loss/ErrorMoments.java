package org.segmeter.metric.loss;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sums of functions of a probability over millions of voxels without evaluating the functions at each of them.
 *
 * <p>The float32 probabilities are put into narrow bins, 2048 to each power of two of min(p, 1 - p), which is exact: exponent and
 * upper mantissa bits are the bin, the lower 12 bits the position in it. For each bin the number of voxels and the sums of the
 * position and of its square are kept as integers. They are exact, so the result is the same to the bit in whatever order, on
 * however many threads and with whatever machine instructions the voxels are read. A sum over the voxels of a bin of any function
 * that is smooth in it follows from its values at three Chebyshev nodes, with weights that reproduce the three sums: an
 * interpolatory quadrature. For logarithms and powers, whose singularity is at p = 0 or p = 1, its relative error is below 1e-11
 * if all voxels have the most unfortunate value, and of the size of rounding for voxels spread over the bin.
 *
 * <p>So many nodes would still cost more than small volumes; those of 128 neighbouring bins are replaced by eight, in the same
 * way and with a relative error below 64^-8, which is 4e-15. Bins in which a term has a kink (a clip, the Huber delta) are left
 * to be summed voxel by voxel.
 *
 * <p>All three sums of a bin share one integer, so that a voxel costs one addition to memory. With d the position, in 0..4095:
 * <pre>
 *   bits 54..63  number of voxels         the sign bit asks for attention: 512 voxels, or a bin that is not simple
 *   bits 32..53  sum of d                 at most 575 * 4095 &lt; 2^22
 *   bits  0..31  sum of d (4096 - d)      at most 575 * 2^22 &lt; 2^32
 * </pre>
 * and a voxel adds 2^54 + 2^32 d + d (4096 - d). The sign bits are joined over some voxels and looked at once; a bin that
 * is half full is then moved to three integers of its own.
 *
 * <p>Each thread fills one of its own.
 */
final class ErrorMoments {

    /** What a bin's voxels are, as {@link Bins} says. */
    private static final byte IN_ONE_CELL = 0;

    private static final byte ON_AN_EDGE = 1;
    private static final byte ALONE = 2;

    private static final int PER_OCTAVE_BITS = 11;
    private static final int PER_OCTAVE = 1 << PER_OCTAVE_BITS;
    private static final int SHIFT = 23 - PER_OCTAVE_BITS;
    private static final int WIDTH = 1 << SHIFT;
    private static final int POSITION = WIDTH - 1;

    private static final int HALF_BITS = Float.floatToRawIntBits(0.5f);
    private static final int ONE_BITS = Float.floatToRawIntBits(1);
    private static final int LEAST_NORMAL_BITS = Float.floatToRawIntBits(Float.MIN_NORMAL);

    /** What stands for 1 - p = 0, so that p = 1 has a bin of its own: half of the least other 1 - p. */
    private static final int NONE_LEFT_BITS = Float.floatToRawIntBits(0x1p-25f);

    /** Bins of p up to one half and its octave, by the upper bits of p. The first holds p = 0 and no other. */
    private static final int LOW_BINS = HALF_BITS + LEAST_NORMAL_BITS >>> SHIFT;

    /** From here on, bins of 1 - p, by its upper bits less those of {@link #NONE_LEFT_BITS}. The first holds p = 1 and no other. */
    private static final int LEAST_HIGH = NONE_LEFT_BITS >>> SHIFT;

    private static final int BINS = LOW_BINS + (HALF_BITS >>> SHIFT) - LEAST_HIGH;

    /** The key of what is no probability: of a bin of subnormal numbers, which are no bins of theirs. */
    private static final int NOT_SIMPLE_KEY = 1 << SHIFT;

    /** What a key has more than the bits of 1 - p. */
    private static final int HIGH_KEY = LOW_BINS - LEAST_HIGH << SHIFT;

    /** Bins that share their final nodes: sixteen groups to an octave, never across one. */
    private static final int GROUP = PER_OCTAVE / 16;

    private static final int COUNT_SHIFT = 54;
    private static final int SUM_SHIFT = 32;
    private static final long ONE_VOXEL = 1L << COUNT_SHIFT;
    private static final long ATTENTION = Long.MIN_VALUE;

    /** After so many voxels, as {@link #takePiece} adds, it is looked whether a bin asks for attention: to find it, each of them is looked at once
     * more. */
    private static final int PIECE = 16;

    private static final long PIECE_MASK = (1L << PIECE) - 1;

    private static final Quadrature OF_BIN = new Quadrature(3);
    private static final Quadrature OF_GROUP = new Quadrature(8);

    /** Where {@link #octave} begins: those of other voxels, then those of reference voxels. */
    static final int OCTAVES = 2 * BINS / PER_OCTAVE;

    /**
     * By bin of a group, which all groups have alike: what its three sums add to the weights of the nodes of the group, first sum
     * first.
     */
    private static final double[][] TO_GROUP = new double[GROUP][];

    static {
        int orders = OF_BIN.nodes.length;
        int nodes = OF_GROUP.nodes.length;
        for (int i = 0; i < GROUP; i++) {
            TO_GROUP[i] = new double[orders * nodes];
            for (int b = 0; b < orders; b++) {
                double[] powers = new double[nodes];
                double t = (2 * i + 1 + OF_BIN.nodes[b]) / GROUP - 1;
                powers[0] = 1;
                for (int k = 1; k < nodes; k++) {
                    powers[k] = powers[k - 1] * t;
                }
                for (int j = 0; j < nodes; j++) {
                    double weight = OF_GROUP.weight(j, powers);
                    for (int k = 0; k < orders; k++) {
                        TO_GROUP[i][k * nodes + j] += OF_BIN.lagrange[b][k] * weight;
                    }
                }
            }
        }
    }

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
     * @param kinds by bin
     * @param special the bins that are not in one cell of the histogram
     */
    record Bins(byte[] kinds, int[] special) {

        private static final byte[] WITHOUT_KINKS = withoutKinks();

        private static byte[] withoutKinks() {
            byte[] kinds = new byte[BINS];
            for (int bin = 0; bin < BINS; bin++) {
                double one = floor(bin);
                double other = floor(bin + 1);
                kinds[bin] = bin < LOW_BINS ? kind(one, other) : kind(1 - other, 1 - one);
            }
            Arrays.fill(kinds, 0, PER_OCTAVE, ALONE);
            kinds[0] = IN_ONE_CELL;
            kinds[LOW_BINS] = IN_ONE_CELL;
            return kinds;
        }

        private static byte kind(double least, double most) {
            int cell = ProbabilityCells.cellOf(least);
            return cell % 2 == 1 && ProbabilityCells.cellOf(most) == cell ? IN_ONE_CELL : ON_AN_EDGE;
        }

        static Bins of(VoxelTerm[] terms) {
            byte[] kinds = WITHOUT_KINKS.clone();
            for (VoxelTerm term : terms) {
                for (double kink : kinks(term)) {
                    // The neighbours too: the kink is known to rounding only.
                    int bits = Float.floatToRawIntBits((float) Math.min(kink, 1 - kink));
                    int low = bits >>> SHIFT;
                    int high = bits + HIGH_KEY >>> SHIFT;
                    Arrays.fill(kinds, Math.max(1, low - 1), Math.min(LOW_BINS, low + 2), ALONE);
                    if (high > LOW_BINS) {
                        Arrays.fill(kinds, Math.max(LOW_BINS + 1, high - 1), Math.min(BINS, high + 2), ALONE);
                    }
                }
            }
            int[] special = new int[BINS];
            int n = 0;
            for (int bin = 0; bin < BINS; bin++) {
                if (kinds[bin] != IN_ONE_CELL) {
                    special[n++] = bin;
                }
            }
            return new Bins(kinds, Arrays.copyOf(special, n));
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
            case VoxelTerm.Slope slope -> kinks(slope.of());
        };
    }

    /** The least value of a bin: of p in a low one, of 1 - p in a high one. */
    private static double floor(int bin) {
        int bits = bin << SHIFT;
        return Float.intBitsToFloat(bin < LOW_BINS ? bits : bits - HIGH_KEY);
    }

    private final Bins bins;

    /** One to a bin, first those of other voxels, then those of reference voxels. */
    private final long[] packed = new long[2 * BINS];

    /** By octave, three to a bin: what was moved from the packed sums. Octaves without voxels have none. */
    private final long[] @Nullable [] moved = new long[2 * BINS / PER_OCTAVE][];

    /** The row that was read last: its probabilities from where on, the bin and position of each, and what it adds to its bin. */
    private float[] values = new float[0];

    private int start;
    private int[] keys = new int[0];
    private long[] additions = new long[0];

    /** On the way to the keys: 1 - p, and its bits. */
    private float[] rests = new float[0];

    private int[] restBits = new int[0];
    private MemorySegment valuesMemory = MemorySegment.ofArray(values);
    private MemorySegment keysMemory = MemorySegment.ofArray(keys);
    private MemorySegment restsMemory = MemorySegment.ofArray(rests);
    private MemorySegment restBitsMemory = MemorySegment.ofArray(restBits);

    ErrorMoments(Bins bins) {
        this.bins = bins;
        for (int bin : bins.special) {
            packed[bin] = ATTENTION;
            packed[BINS + bin] = ATTENTION;
        }
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
     * Reads a row of probabilities (or whatever floats), before its voxels are taken. What is done here is done by vector
     * instructions: hence many plain loops, each over arrays from 0 on, and copies instead of conversions to bits.
     */
    void read(float[] row, int from, int to) {
        int n = to - from;
        if (n > keys.length) {
            keys = new int[n];
            additions = new long[n];
            rests = new float[n];
            restBits = new int[n];
            keysMemory = MemorySegment.ofArray(keys);
            restsMemory = MemorySegment.ofArray(rests);
            restBitsMemory = MemorySegment.ofArray(restBits);
        }
        if (row != values) {
            values = row;
            valuesMemory = MemorySegment.ofArray(row);
        }
        start = from;
        MemorySegment.copy(valuesMemory, (long) Float.BYTES * from, keysMemory, 0, (long) Float.BYTES * n);
        // Most rows are background, where the bits of p are the keys.
        if (!allLow(keys, n)) {
            System.arraycopy(row, from, rests, 0, n);
            rests(rests, n);
            MemorySegment.copy(restsMemory, 0, restBitsMemory, 0, (long) Float.BYTES * n);
            keys(keys, restBits, n);
        }
        additions(keys, additions, n);
    }

    /** True if all are the bits of 0 or of a normal number up to one half. */
    private static boolean allLow(int[] bits, int n) {
        int other = 0;
        for (int i = 0; i < n; i++) {
            int p = bits[i];
            other |= p | (HALF_BITS - p) | ((p - LEAST_NORMAL_BITS) & -p);
        }
        return other >= 0;
    }

    private static void rests(float[] p, int n) {
        for (int i = 0; i < n; i++) {
            p[i] = 1 - p[i];
        }
    }

    /**
     * Turns the bits of probabilities into their keys: the bits of p up to one half, else those of 1 - p with more in front. What is no probability, or
     * a subnormal one, has a key of its own.
     */
    private static void keys(int[] keys, int[] restBits, int n) {
        for (int i = 0; i < n; i++) {
            int p = keys[i];
            int rest = Math.max(restBits[i], NONE_LEFT_BITS);
            int high = (rest - p) >> 31;
            // All ones if p is negative, above 1, not a number, or between 0 and the least normal float.
            int notSimple = (p | (ONE_BITS - p) | ((p - LEAST_NORMAL_BITS) & -p)) >> 31;
            keys[i] = ((Math.min(p, rest) + (high & HIGH_KEY)) & ~notSimple) | (NOT_SIMPLE_KEY & notSimple);
        }
    }

    private static void additions(int[] keys, long[] additions, int n) {
        for (int i = 0; i < n; i++) {
            int d = keys[i] & POSITION;
            additions[i] = ONE_VOXEL + ((long) d << SUM_SHIFT) + (long) (d * (WIDTH - d));
        }
    }

    /**
     * Takes the voxels whose bits are set, of 64 of the row that was read.
     *
     * @param base where the first of the 64 is in the row; those before and after the row have no bits
     * @param reference bit by bit, whether a voxel is the reference's
     */
    void take(int base, long voxels, long reference, Rest rest) {
        if (voxels == -1L && (reference == 0 || reference == -1L)) {
            int firstBin = reference == 0 ? 0 : BINS;
            for (int from = 0; from < 64; from += PIECE) {
                if (takePiece(base + from, firstBin) < 0) {
                    attend(base, PIECE_MASK << from, reference, rest);
                }
            }
        } else if (takeSome(base, voxels, reference) < 0) {
            attend(base, voxels, reference, rest);
        }
    }

    /**
     * Adds some voxels of a word that are all or none of the reference's; negative if a bin asks for attention. One after the other
     * without a loop: sixteen are too few for the JIT compiler to make a good loop of, which took a third longer.
     */
    private long takePiece(int base, int firstBin) {
        return add(base, firstBin)
                | add(base + 1, firstBin)
                | add(base + 2, firstBin)
                | add(base + 3, firstBin)
                | add(base + 4, firstBin)
                | add(base + 5, firstBin)
                | add(base + 6, firstBin)
                | add(base + 7, firstBin)
                | add(base + 8, firstBin)
                | add(base + 9, firstBin)
                | add(base + 10, firstBin)
                | add(base + 11, firstBin)
                | add(base + 12, firstBin)
                | add(base + 13, firstBin)
                | add(base + 14, firstBin)
                | add(base + 15, firstBin);
    }

    private long add(int i, int firstBin) {
        int bin = (keys[i] >>> SHIFT) + firstBin;
        long sum = packed[bin] + additions[i];
        packed[bin] = sum;
        return sum;
    }

    /** Adds any voxels; negative if a bin asks for attention. */
    private long takeSome(int base, long voxels, long reference) {
        long[] sums = packed;
        int[] k = keys;
        long[] add = additions;
        long attention = 0;
        for (long left = voxels; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            int bin = (k[base + i] >>> SHIFT) + ((int) (reference >>> i) & 1) * BINS;
            long sum = sums[bin] + add[base + i];
            sums[bin] = sum;
            attention |= sum;
        }
        return attention;
    }

    /** Looks after the bins of voxels just added that ask for attention. */
    private void attend(int base, long voxels, long reference, Rest rest) {
        for (long left = voxels; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            int bin = keys[base + i] >>> SHIFT;
            int isReference = (int) (reference >>> i) & 1;
            int at = bin + isReference * BINS;
            long sum = packed[at];
            if (sum >= 0) {
                continue;
            }
            switch (bins.kinds[bin]) {
                case IN_ONE_CELL -> move(at);
                case ON_AN_EDGE -> {
                    rest.inHistogram(values[start + base + i], 1, isReference);
                    if ((sum - ATTENTION) >>> COUNT_SHIFT >= 256) {
                        move(at);
                    }
                }
                default -> {
                    rest.alone(values[start + base + i], 1, isReference);
                    packed[at] = ATTENTION;
                }
            }
        }
    }

    private void move(int at) {
        long empty = bins.kinds[at % BINS] == IN_ONE_CELL ? 0 : ATTENTION;
        long sum = packed[at] - empty;
        packed[at] = empty;
        add(at, sum >>> COUNT_SHIFT, sum >>> SUM_SHIFT & (1 << COUNT_SHIFT - SUM_SHIFT) - 1, sum & 0xFFFF_FFFFL);
    }

    private void add(int at, long voxels, long positions, long products) {
        long[] octave = moved[at / PER_OCTAVE];
        if (octave == null) {
            octave = new long[3 * PER_OCTAVE];
            moved[at / PER_OCTAVE] = octave;
        }
        int i = 3 * (at % PER_OCTAVE);
        octave[i] += voxels;
        octave[i + 1] += positions;
        octave[i + 2] += products;
    }

    /** Takes voxels of one probability. */
    void take(float p, int voxels, int reference, Rest rest) {
        if (!(p >= Float.MIN_NORMAL && p < 1)) {
            rest.alone(p, voxels, reference);
            return;
        }
        int key = p <= 0.5f ? Float.floatToRawIntBits(p) : Float.floatToRawIntBits(1 - p) + HIGH_KEY;
        int bin = key >>> SHIFT;
        byte kind = bins.kinds[bin];
        if (kind == ALONE) {
            rest.alone(p, voxels, reference);
            return;
        }
        if (kind == ON_AN_EDGE) {
            rest.inHistogram(p, voxels, reference);
        }
        long d = key & POSITION;
        add(bin + reference * BINS, voxels, voxels * d, voxels * d * (WIDTH - d));
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
     * What stands for all voxels of an octave that were taken.
     *
     * @param nodes in a fixed order, for those with 0 &lt; p &lt; 1
     * @param voxels that the nodes stand for
     * @param zeros voxels with p = 0: others, and of the reference
     * @param ones voxels with p = 1: others, and of the reference
     */
    record Taken(List<Node> nodes, long voxels, long[] zeros, long[] ones) {}

    /**
     * What all have taken of an octave of p or of 1 - p; the places of nodes go to the histogram.
     *
     * @param all made with the same bins; which took which voxels makes no difference
     * @param octave one of {@link #OCTAVES}, of which somebody took a voxel
     */
    static Taken octave(List<ErrorMoments> all, int octave, ProbabilityCells cells) {
        long[] sums = new long[3 * PER_OCTAVE];
        for (ErrorMoments each : all) {
            long[] more = each.moved[octave];
            for (int i = 0; more != null && i < more.length; i++) {
                sums[i] += more[i];
            }
        }
        byte[] kinds = all.getFirst().bins.kinds;
        List<Node> nodes = new ArrayList<>();
        long[] zeros = new long[2];
        long[] ones = new long[2];
        int reference = octave * PER_OCTAVE / BINS;
        int first = octave * PER_OCTAVE % BINS;
        if (first == 0) {
            zeros[reference] = sums[0];
            sums[0] = 0;
        } else if (first == LOW_BINS) {
            ones[reference] = sums[0];
            sums[0] = 0;
        }
        long voxels = 0;
        for (int i = 0; i < sums.length; i += 3) {
            voxels += sums[i];
        }
        for (int group = 0; group < PER_OCTAVE; group += GROUP) {
            addGroup(kinds, first + group, sums, 3 * group, reference == 1, nodes, cells);
        }
        return new Taken(nodes, voxels, zeros, ones);
    }

    /** True if somebody took a voxel of the octave; what is still packed is moved. */
    static boolean anyIn(List<ErrorMoments> all, int octave) {
        boolean any = false;
        for (ErrorMoments each : all) {
            for (int at = octave * PER_OCTAVE; at < (octave + 1) * PER_OCTAVE; at++) {
                if (each.packed[at] << 1 != 0) {
                    each.move(at);
                }
            }
            any |= each.moved[octave] != null;
        }
        return any;
    }

    /**
     * @param first the bin of the group
     * @param sums of the octave, three to a bin
     * @param at where those of the group begin
     */
    private static void addGroup(
            byte[] kinds, int first, long[] sums, int at, boolean reference, List<Node> nodes, ProbabilityCells cells) {
        int filled = 0;
        boolean kinked = false;
        for (int i = 0; i < GROUP; i++) {
            filled += sums[at + 3 * i] == 0 ? 0 : 1;
            kinked |= kinds[first + i] == ALONE;
        }
        if (filled == 0) {
            return;
        }
        boolean high = first >= LOW_BINS;
        double halfWidth = (floor(first + 1) - floor(first)) / 2;
        int firstCell = cell(first, halfWidth, high);
        int onlyCell = firstCell == cell(first + GROUP - 1, halfWidth, high) ? firstCell : -1;
        int orders = OF_BIN.nodes.length;
        boolean each = kinked || orders * filled <= OF_GROUP.nodes.length;
        double[] m = new double[orders];
        double[] weights = new double[OF_GROUP.nodes.length];
        double half = WIDTH / 2;
        for (int i = 0; i < GROUP; i++) {
            long count = sums[at + 3 * i];
            if (count == 0) {
                continue;
            }
            // From positions in 0..WIDTH to places in -1..1; all integers here are below 2^53 for 2^29 voxels.
            m[0] = count;
            m[1] = (sums[at + 3 * i + 1] - count * (WIDTH / 2)) / half;
            m[2] = (count * (WIDTH / 2) * (WIDTH / 2) - sums[at + 3 * i + 2]) / (half * half);
            double centre = floor(first + i) + halfWidth;
            if (kinds[first + i] == IN_ONE_CELL) {
                double sumV = centre * m[0] + halfWidth * m[1];
                int cell = onlyCell >= 0 ? onlyCell : cell(first + i, halfWidth, high);
                cells.addSums(cell, count, high ? m[0] - sumV : sumV, reference ? m[0] : 0);
            }
            if (each) {
                for (int j = 0; j < orders; j++) {
                    nodes.add(Node.of(OF_BIN.weight(j, m), centre + halfWidth * OF_BIN.nodes[j], high, reference));
                }
            } else {
                toGroup(TO_GROUP[i], m, weights);
            }
        }
        if (!each) {
            double groupHalfWidth = GROUP * halfWidth;
            for (int j = 0; j < weights.length; j++) {
                double v = floor(first) + groupHalfWidth + groupHalfWidth * OF_GROUP.nodes[j];
                nodes.add(Node.of(weights[j], v, high, reference));
            }
        }
    }

    /** The cell of the histogram in which the middle of a bin lies. */
    private static int cell(int bin, double halfWidth, boolean high) {
        double centre = floor(bin) + halfWidth;
        return ProbabilityCells.cellOf(high ? 1 - centre : centre);
    }

    private static void toGroup(double[] factors, double[] m, double[] weights) {
        int n = weights.length;
        double m0 = m[0];
        double m1 = m[1];
        double m2 = m[2];
        for (int j = 0; j < n; j++) {
            weights[j] += m0 * factors[j] + m1 * factors[n + j] + m2 * factors[2 * n + j];
        }
    }
}
