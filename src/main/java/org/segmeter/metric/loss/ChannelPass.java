package org.segmeter.metric.loss;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.SequencedSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinTask;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.loss.ChannelStatistics.SlopeSums;
import org.segmeter.metric.loss.ChannelStatistics.TermSum;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

/**
 * The one pass over the voxels of a channel.
 *
 * <p>The region is cut into slabs that depend on its shape alone. Each slab is summed in voxel order, the slabs are added
 * pairwise in their order: the result is the same to the bit for any number of threads. Called from within a
 * {@link java.util.concurrent.ForkJoinPool} it uses the threads of that pool, else the calling thread only.
 *
 * <p>Voxels with p = 0 or p = 1 exactly, nearly all of a volume, are only counted; what they add to each sum is a constant.
 */
public final class ChannelPass {

    /** Slabs hold whole slices and at least this many voxels (but for the last), so that small volumes are not cut to pieces. */
    private static final int SLAB_VOXELS = 1 << 16;

    /** At most about this many slabs, because each holds a histogram. */
    private static final int SLABS = 64;

    /** From this many voxels on, probabilities are summed by their moments; below, one by one. */
    private static final long MOMENTS_FROM = 1 << 20;

    private final Channel channel;
    private final Region region;
    private final VoxelTerm[] terms;
    private final CancelSignal cancel;
    private final ErrorMoments.@Nullable Bins bins;
    /** A row of them. */
    private final float[] zeros;

    /** Moments that no thread is filling; each slab takes one, and there are no more than threads. */
    private final Queue<ErrorMoments> idle = new ConcurrentLinkedQueue<>();

    private ChannelPass(
            Channel channel, Region region, SequencedSet<VoxelTerm> terms, CancelSignal cancel, boolean byMoments) {
        this.channel = channel;
        this.region = region;
        this.terms = terms.toArray(VoxelTerm[]::new);
        this.cancel = cancel;
        zeros = new float[region.box().nx()];
        bins = byMoments ? ErrorMoments.Bins.of(this.terms) : null;
    }

    /**
     * Reads every voxel of the region once.
     *
     * @param terms the voxel-wise terms to sum
     * @throws IllegalArgumentException if a probability is outside [0, 1] or a value is not a number
     * @throws java.util.concurrent.CancellationException if the signal is given
     */
    public static ChannelStatistics of(Channel channel, Region region, List<VoxelTerm> terms, CancelSignal cancel) {
        return of(channel, region, terms, cancel, momentsPay(channel, region.box()));
    }

    private static boolean momentsPay(Channel channel, Box box) {
        return channel.prediction() instanceof Side.Probability
                && channel.reference() instanceof Side.Hard
                && box.voxelCount() >= MOMENTS_FROM;
    }

    /** The same with the choice of how probabilities between 0 and 1 are summed: by {@link ErrorMoments} or one by one. */
    static ChannelStatistics of(
            Channel channel, Region region, List<VoxelTerm> terms, CancelSignal cancel, boolean byMoments) {
        return new ChannelPass(channel, region, new LinkedHashSet<>(terms), cancel, byMoments).run();
    }

    private ChannelStatistics run() {
        Box box = region.box();
        int slices =
                Math.max(1, (int) Math.min(Integer.MAX_VALUE, SLAB_VOXELS / Math.max(1, (long) box.nx() * box.ny())));
        slices = Math.max(slices, (box.nz() + SLABS - 1) / SLABS);
        int thickness = slices;
        int slabs = (box.nz() + slices - 1) / slices;
        IntStream order = IntStream.range(0, slabs);
        if (ForkJoinTask.inForkJoinPool()) {
            order = order.parallel();
        }
        Slab[] done = order.mapToObj(i -> {
                    int z0 = box.z0() + i * thickness;
                    return slab(z0, Math.min(box.z1(), z0 + thickness));
                })
                .toArray(Slab[]::new);
        Slab all = done.length == 0 ? new Slab(terms) : pairwise(done, 0, done.length);
        if (!idle.isEmpty()) {
            addMoments(all, List.copyOf(idle));
        }
        return all.statistics(channel.reference().isHard());
    }

    /** Adds the voxels that the moments have taken, octave by octave in a fixed order. */
    private void addMoments(Slab all, List<ErrorMoments> moments) {
        IntStream order = IntStream.range(0, ErrorMoments.OCTAVES);
        if (ForkJoinTask.inForkJoinPool()) {
            order = order.parallel();
        }
        Slab[] octaves = order.mapToObj(octave -> Slab.ofOctave(terms, moments, octave))
                .filter(Objects::nonNull)
                .toArray(Slab[]::new);
        if (octaves.length > 0) {
            all.add(pairwise(octaves, 0, octaves.length));
        }
    }

    private static Slab pairwise(Slab[] slabs, int from, int to) {
        if (to - from == 1) {
            return slabs[from];
        }
        int middle = from + to >>> 1;
        Slab sum = pairwise(slabs, from, middle);
        sum.add(pairwise(slabs, middle, to));
        return sum;
    }

    private Slab slab(int z0, int z1) {
        Slab slab = new Slab(terms);
        @Nullable ErrorMoments moments = moments();
        @Nullable BitMask reference = channel.reference() instanceof Side.Hard hard ? hard.mask() : null;
        boolean byRows = reference != null
                && (channel.prediction() instanceof Side.Probability || channel.prediction() instanceof Side.Hard);
        Box read = byRows ? Box.EMPTY : region.box();
        SideReader prediction = SideReader.of(channel.prediction(), read);
        SideReader soft = SideReader.of(channel.reference(), read);
        for (int z = z0; z < z1; z++) {
            cancel.check();
            for (int y = region.box().y0(); y < region.box().y1(); y++) {
                if (reference != null && channel.prediction() instanceof Side.Probability p) {
                    probabilityRow(slab, moments, p.volume(), reference, y, z);
                } else if (reference != null && channel.prediction() instanceof Side.Hard p) {
                    hardRow(slab, p.mask(), reference, y, z);
                } else {
                    denseRow(slab, prediction, soft, y, z);
                }
            }
        }
        slab.flush();
        if (moments != null) {
            idle.add(moments);
        }
        return slab;
    }

    private @Nullable ErrorMoments moments() {
        if (bins == null) {
            return null;
        }
        ErrorMoments moments = idle.poll();
        return moments == null ? new ErrorMoments(bins) : moments;
    }

    private void hardRow(Slab slab, BitMask prediction, BitMask reference, int y, int z) {
        for (int w = region.box().x0() >> 6; w << 6 < region.box().x1(); w++) {
            long valid = validWord(w, y, z);
            long p = Words.of(prediction, w, y, z) & valid;
            long g = Words.of(reference, w, y, z) & valid;
            slab.count(
                    Long.bitCount(p & g),
                    Long.bitCount(p & ~g),
                    Long.bitCount(g & ~p),
                    Long.bitCount(valid & ~(p | g)));
        }
    }

    private void probabilityRow(
            Slab slab, @Nullable ErrorMoments moments, ProbabilityVolume prediction, BitMask reference, int y, int z) {
        Box stored = prediction.box();
        boolean row = y >= stored.y0() && y < stored.y1() && z >= stored.z0() && z < stored.z1();
        float[] values = prediction.values();
        int rowStart = row ? ((z - stored.z0()) * stored.ny() + (y - stored.y0())) * stored.nx() - stored.x0() : 0;
        int firstStored = Math.max(region.box().x0(), stored.x0());
        int lastStored = Math.min(region.box().x1(), stored.x1());
        // A whole row first: most rows of a volume hold nothing but 0.
        if (!row || firstStored >= lastStored || !anyBit(values, rowStart + firstStored, rowStart + lastStored)) {
            emptyRow(slab, reference, y, z);
            return;
        }
        if (moments != null) {
            moments.read(values, rowStart + firstStored, rowStart + lastStored);
        }
        for (int w = region.box().x0() >> 6; w << 6 < region.box().x1(); w++) {
            long valid = validWord(w, y, z);
            long g = Words.of(reference, w, y, z) & valid;
            int from = Math.max(w << 6, firstStored);
            int to = Math.min(w + 1 << 6, lastStored);
            if (from >= to) {
                slab.count(0, 0, Long.bitCount(g), Long.bitCount(valid & ~g));
                continue;
            }
            long inside = Words.between(from & 63, to - (w << 6)) & valid;
            long outside = valid & ~inside;
            slab.count(0, 0, Long.bitCount(g & outside), Long.bitCount(outside & ~g));
            int base = rowStart + (w << 6);
            if (allEqual(values, rowStart + from, rowStart + to)) {
                float p = values[rowStart + from];
                addEqual(slab, moments, p, Long.bitCount(inside & g), 1);
                addEqual(slab, moments, p, Long.bitCount(inside & ~g), 0);
            } else if (moments != null) {
                moments.take((w << 6) - firstStored, inside, g, slab);
            } else {
                slab.alone(values, base, inside, g);
            }
        }
    }

    /** A row in which every p is 0. */
    private void emptyRow(Slab slab, BitMask reference, int y, int z) {
        int fn = 0;
        int tn = 0;
        for (int w = region.box().x0() >> 6; w << 6 < region.box().x1(); w++) {
            long valid = validWord(w, y, z);
            long g = Words.of(reference, w, y, z) & valid;
            fn += Long.bitCount(g);
            tn += Long.bitCount(valid & ~g);
        }
        slab.count(0, 0, fn, tn);
    }

    private static void addEqual(Slab slab, @Nullable ErrorMoments moments, float p, int voxels, int reference) {
        if (moments != null && p != 0 && voxels > 0) {
            moments.take(p, voxels, reference, slab);
        } else if (voxels > 0) {
            slab.alone(p, voxels, reference);
        }
    }

    /** True if all values have the same bits; the ends are looked at first. */
    private static boolean allEqual(float[] values, int from, int to) {
        int first = Float.floatToRawIntBits(values[from]);
        if (Float.floatToRawIntBits(values[to - 1]) != first) {
            return false;
        }
        return Arrays.equals(values, from, to - 1, values, from + 1, to);
    }

    private boolean anyBit(float[] values, int from, int to) {
        return Float.floatToRawIntBits(values[from]) != 0 || !Arrays.equals(values, from, to, zeros, 0, to - from);
    }

    private void denseRow(Slab slab, SideReader prediction, SideReader reference, int y, int z) {
        prediction.read(y, z);
        reference.read(y, z);
        Box box = region.box();
        for (int x = box.x0(); x < box.x1(); x++) {
            if (region.within() == null || region.within().contains(x, y, z)) {
                int i = x - box.x0();
                double g = reference.p[i];
                if (g == 1) {
                    slab.onReference(
                            prediction.p[i], prediction.q[i], prediction.surpriseOfP[i], prediction.surpriseOfQ[i]);
                } else if (g == 0) {
                    slab.elsewhere(
                            prediction.p[i], prediction.q[i], prediction.surpriseOfQ[i], prediction.surpriseOfP[i]);
                } else {
                    slab.soft(prediction, i, g, reference.q[i]);
                }
            }
        }
    }

    private long validWord(int w, int y, int z) {
        Box box = region.box();
        long valid = Words.between(box.x0() - (w << 6), box.x1() - (w << 6));
        return region.within() == null ? valid : valid & Words.of(region.within(), w, y, z);
    }

    /** What has been summed over some slices. */
    private static final class Slab implements ErrorMoments.Rest {

        private static final int BLOCK = 1024;

        private static final int TP = 0;
        private static final int FP = 1;
        private static final int FN = 2;
        private static final int TN = 3;
        private static final int TP2 = 4;
        private static final int FP2 = 5;
        private static final int FN2 = 6;
        private static final int TN2 = 7;
        private static final int PP = 8;
        private static final int GG = 9;
        private static final int L1 = 10;
        private static final int L2 = 11;
        private static final int R_Q2 = 12;
        private static final int R_EQ2 = 13;
        private static final int R_E2Q2 = 14;
        private static final int O_Q2 = 15;
        private static final int O_EQ2 = 16;
        private static final int O_E2Q2 = 17;
        private static final int ENTROPY = 18;
        private static final int SUMS = 19;

        private final VoxelTerm[] terms;
        /** True if a term takes the surprise of the error, which costs a logarithm more for each voxel. */
        private final boolean contrary;
        /** Voxels with p and g in {0, 1}: tp, fp, fn, tn. */
        private final long[] certain = new long[4];

        private long others;
        private final double[] sums = new double[SUMS];
        private final double[] onReference;
        private final double[] elsewhere;
        private ProbabilityCells cells = ProbabilityCells.empty();
        private @Nullable Block referenceBlock;
        private @Nullable Block otherBlock;

        /** The last probability met that is summed by itself, by reference, and how often in a row: many maps repeat one. */
        private final float[] last = new float[2];

        private final int[] repeats = new int[2];

        Slab(VoxelTerm[] terms) {
            this.terms = terms;
            contrary = Arrays.stream(terms).anyMatch(VoxelTerm::contrary);
            onReference = new double[terms.length];
            elsewhere = new double[terms.length];
        }

        void count(int tp, int fp, int fn, int tn) {
            certain[TP] += tp;
            certain[FP] += fp;
            certain[FN] += fn;
            certain[TN] += tn;
        }

        /** The voxels whose bits are set, of the 64 values from base on. */
        void alone(float[] values, int base, long voxels, long reference) {
            for (long left = voxels; left != 0; left &= left - 1) {
                int i = Long.numberOfTrailingZeros(left);
                alone(values[base + i], 1, (int) (reference >>> i) & 1);
            }
        }

        @Override
        public void alone(float p, int voxels, int reference) {
            if (p == 0) {
                certain[reference == 1 ? FN : TN] += voxels;
            } else if (p == 1) {
                certain[reference == 1 ? TP : FP] += voxels;
            } else if (p == last[reference]) {
                repeats[reference] += voxels;
            } else {
                Surprise.requireProbability(p);
                addRepeated(reference);
                last[reference] = p;
                repeats[reference] = voxels;
            }
        }

        @Override
        public void inHistogram(float p, int voxels, int reference) {
            cells.add(ProbabilityCells.cellOf(p), voxels, p, reference);
        }

        private void addRepeated(int reference) {
            double p = last[reference];
            int voxels = repeats[reference];
            if (voxels == 1) {
                if (reference == 1) {
                    onReference(p, 1 - p, Surprise.of(p), contrary ? Surprise.ofRest(p) : 0);
                } else {
                    elsewhere(p, 1 - p, Surprise.ofRest(p), contrary ? Surprise.of(p) : 0);
                }
            } else if (voxels > 1) {
                add(new ErrorMoments.Node(voxels, p, 1 - p, reference == 1));
                inHistogram((float) p, voxels, reference);
                others += voxels;
            }
            repeats[reference] = 0;
        }

        void onReference(double p, double q, double surprise, double contrarySurprise) {
            Block block = referenceBlock;
            if (block == null) {
                block = new Block();
                referenceBlock = block;
            }
            block.contrary[block.size] = contrarySurprise;
            block.error[block.size] = q;
            block.right[block.size] = p;
            block.surprise[block.size++] = surprise;
            if (block.size == BLOCK) {
                flushReference();
            }
        }

        void elsewhere(double p, double q, double surprise, double contrarySurprise) {
            Block block = otherBlock;
            if (block == null) {
                block = new Block();
                otherBlock = block;
            }
            block.contrary[block.size] = contrarySurprise;
            block.error[block.size] = p;
            block.right[block.size] = q;
            block.surprise[block.size++] = surprise;
            if (block.size == BLOCK) {
                flushOthers();
            }
        }

        void flush() {
            addRepeated(0);
            addRepeated(1);
            flushReference();
            flushOthers();
        }

        private void flushReference() {
            Block b = referenceBlock;
            if (b == null) {
                return;
            }
            b.sum();
            sums[TP] += b.sumRight;
            sums[FN] += b.sumError;
            sums[TP2] += b.sumRight2;
            sums[FN2] += b.sumError2;
            sums[PP] += b.sumRight2;
            sums[GG] += b.size;
            sums[L1] += b.sumError;
            sums[L2] += b.sumError2;
            sums[R_Q2] += b.sumQ2;
            sums[R_EQ2] += b.sumEQ2;
            sums[R_E2Q2] += b.sumE2Q2;
            b.addTerms(terms, onReference);
            for (int i = 0; i < b.size; i++) {
                cells.add(b.right[i], 1);
            }
            others += b.size;
            b.size = 0;
        }

        private void flushOthers() {
            Block b = otherBlock;
            if (b == null) {
                return;
            }
            b.sum();
            sums[FP] += b.sumError;
            sums[TN] += b.sumRight;
            sums[FP2] += b.sumError2;
            sums[TN2] += b.sumRight2;
            sums[PP] += b.sumError2;
            sums[L1] += b.sumError;
            sums[L2] += b.sumError2;
            sums[O_Q2] += b.sumQ2;
            sums[O_EQ2] += b.sumEQ2;
            sums[O_E2Q2] += b.sumE2Q2;
            b.addTerms(terms, elsewhere);
            for (int i = 0; i < b.size; i++) {
                cells.add(b.error[i], 0);
            }
            others += b.size;
            b.size = 0;
        }

        /** A voxel whose reference is neither 0 nor 1. */
        void soft(SideReader prediction, int i, double g, double h) {
            double p = prediction.p[i];
            double q = prediction.q[i];
            double both = p * g;
            double over = p * h;
            double under = q * g;
            double neither = q * h;
            double error = Math.abs(p - g);
            sums[TP] += both;
            sums[FP] += over;
            sums[FN] += under;
            sums[TN] += neither;
            sums[TP2] += both * both;
            sums[FP2] += over * over;
            sums[FN2] += under * under;
            sums[TN2] += neither * neither;
            sums[PP] += p * p;
            sums[GG] += g * g;
            sums[ENTROPY] -= g * Math.log(g) + h * Math.log(h);
            sums[L1] += error;
            sums[L2] += error * error;
            double q2 = p * q * p * q;
            sums[R_Q2] += g * q2;
            sums[R_EQ2] += g * q * q2;
            sums[R_E2Q2] += g * q * q * q2;
            sums[O_Q2] += h * q2;
            sums[O_EQ2] += h * p * q2;
            sums[O_E2Q2] += h * p * p * q2;
            for (int t = 0; t < terms.length; t++) {
                if (terms[t].contrary()) {
                    onReference[t] += g * prediction.surpriseOfQ[i];
                    elsewhere[t] += h * prediction.surpriseOfP[i];
                } else if (terms[t].mixes()) {
                    onReference[t] += g * terms[t].at(q, prediction.surpriseOfP[i]);
                    elsewhere[t] += h * terms[t].at(p, prediction.surpriseOfQ[i]);
                } else {
                    double term = terms[t].at(error, 0);
                    onReference[t] += g * term;
                    elsewhere[t] += h * term;
                }
            }
            cells.add(p, g);
            others++;
        }

        void add(Slab other) {
            for (int i = 0; i < certain.length; i++) {
                certain[i] += other.certain[i];
            }
            others += other.others;
            for (int i = 0; i < SUMS; i++) {
                sums[i] += other.sums[i];
            }
            for (int t = 0; t < terms.length; t++) {
                onReference[t] += other.onReference[t];
                elsewhere[t] += other.elsewhere[t];
            }
            cells = cells.plus(other.cells);
        }

        /** The voxels of an octave that the moments have taken; null if there are none. */
        static @Nullable Slab ofOctave(VoxelTerm[] terms, List<ErrorMoments> moments, int octave) {
            if (!ErrorMoments.anyIn(moments, octave)) {
                return null;
            }
            Slab slab = new Slab(terms);
            ErrorMoments.Taken taken = ErrorMoments.octave(moments, octave, slab.cells);
            slab.certain[TN] += taken.zeros()[0];
            slab.certain[FN] += taken.zeros()[1];
            slab.certain[FP] += taken.ones()[0];
            slab.certain[TP] += taken.ones()[1];
            slab.others += taken.voxels();
            for (ErrorMoments.Node node : taken.nodes()) {
                slab.add(node);
            }
            return slab;
        }

        private void add(ErrorMoments.Node node) {
            double weight = node.weight();
            double p = node.p();
            double q = node.q();
            boolean reference = node.reference();
            double slope = p * q;
            double slope2 = weight * slope * slope;
            double error = reference ? q : p;
            sums[reference ? TP : FP] += weight * p;
            sums[reference ? FN : TN] += weight * q;
            sums[reference ? TP2 : FP2] += weight * p * p;
            sums[reference ? FN2 : TN2] += weight * q * q;
            sums[PP] += weight * p * p;
            sums[GG] += reference ? weight : 0;
            sums[L1] += weight * error;
            sums[L2] += weight * error * error;
            sums[reference ? R_Q2 : O_Q2] += slope2;
            sums[reference ? R_EQ2 : O_EQ2] += slope2 * error;
            sums[reference ? R_E2Q2 : O_E2Q2] += slope2 * error * error;
            double[] into = reference ? onReference : elsewhere;
            // The smaller of p and q is exact, the other is rounded: each logarithm comes from the exact one.
            double least = Math.min(p, q);
            double surprise = reference == p <= q ? Surprise.of(least) : Surprise.ofRest(least);
            double other = !contrary ? 0 : reference == p <= q ? Surprise.ofRest(least) : Surprise.of(least);
            for (int t = 0; t < terms.length; t++) {
                into[t] += weight * terms[t].at(error, terms[t].contrary() ? other : surprise);
            }
        }

        /** A term that is infinite counts for nothing where there is no such voxel. */
        private static double times(long voxels, double term) {
            return voxels == 0 ? 0 : voxels * term;
        }

        ChannelStatistics statistics(boolean hardReference) {
            long tp = certain[TP];
            long fp = certain[FP];
            long fn = certain[FN];
            long tn = certain[TN];
            SoftSums total = SoftSums.ofCounts(tp, fp, fn, tn)
                    .plus(new SoftSums(
                            others, sums[TP], sums[FP], sums[FN], sums[TN], sums[TP2], sums[FP2], sums[FN2], sums[TN2],
                            sums[PP], sums[GG], sums[L1], sums[L2]));
            Map<VoxelTerm, TermSum> byTerm = new HashMap<>();
            for (int t = 0; t < terms.length; t++) {
                double right = terms[t].at(0, terms[t].contrary() ? Surprise.LARGEST : 0);
                double wrong = terms[t].at(1, terms[t].contrary() ? 0 : Surprise.LARGEST);
                byTerm.put(
                        terms[t],
                        new TermSum(
                                onReference[t] + times(tp, right) + times(fn, wrong),
                                elsewhere[t] + times(tn, right) + times(fp, wrong)));
            }
            ProbabilityCells histogram = cells.plus(ProbabilityCells.empty());
            histogram.add(0, tn, 0, 0);
            histogram.add(0, fn, 0, 1);
            histogram.add(ProbabilityCells.CELLS - 1, fp, 1, 0);
            histogram.add(ProbabilityCells.CELLS - 1, tp, 1, 1);
            SlopeSums slopes =
                    new SlopeSums(sums[R_Q2], sums[R_EQ2], sums[R_E2Q2], sums[O_Q2], sums[O_EQ2], sums[O_E2Q2]);
            return new ChannelStatistics(total, byTerm, histogram, slopes, sums[ENTROPY], hardReference);
        }
    }

    /** Voxels of one kind, gathered so that each sum is a plain loop. */
    private static final class Block {
        private final double[] error = new double[Slab.BLOCK];
        private final double[] right = new double[Slab.BLOCK];
        private final double[] surprise = new double[Slab.BLOCK];
        /** Of the error; 0 if no term asks for it. */
        private final double[] contrary = new double[Slab.BLOCK];

        private int size;
        private double sumError;
        private double sumRight;
        private double sumError2;
        private double sumRight2;
        private double sumQ2;
        private double sumEQ2;
        private double sumE2Q2;

        void sum() {
            double e1 = 0;
            double r1 = 0;
            double e2 = 0;
            double r2 = 0;
            double q2 = 0;
            double eq2 = 0;
            double e2q2 = 0;
            for (int i = 0; i < size; i++) {
                double e = error[i];
                double r = right[i];
                double slope = e * r;
                double eSlope = e * slope;
                e1 += e;
                r1 += r;
                e2 += e * e;
                r2 += r * r;
                q2 += slope * slope;
                eq2 += eSlope * slope;
                e2q2 += eSlope * eSlope;
            }
            sumError = e1;
            sumRight = r1;
            sumError2 = e2;
            sumRight2 = r2;
            sumQ2 = q2;
            sumEQ2 = eq2;
            sumE2Q2 = e2q2;
        }

        void addTerms(VoxelTerm[] terms, double[] into) {
            for (int t = 0; t < terms.length; t++) {
                into[t] += terms[t].sum(error, terms[t].contrary() ? contrary : surprise, size);
            }
        }
    }
}
