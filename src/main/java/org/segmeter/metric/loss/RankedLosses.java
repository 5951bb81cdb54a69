package org.segmeter.metric.loss;

import java.util.Arrays;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;

/**
 * Losses and measures that need the voxels of a channel in order: Lovász, top-k, the exact ROC and precision-recall areas,
 * calibration in bins of equal size. Voxels with p = 0 or 1 are counted, the others sorted: 8 bytes for each.
 */
public final class RankedLosses {

    /** Sorted probabilities strictly between 0 and 1, or sorted finite logits, of reference and of other voxels. */
    private final double[] reference;

    private final double[] others;
    private final long referenceZero;
    private final long referenceOne;
    private final long otherZero;
    private final long otherOne;

    /** True if the values are logits, which stay apart where their probabilities round to 0 or 1. */
    private final boolean logits;

    private RankedLosses(double[] reference, double[] others, long[] certain, boolean logits) {
        this.logits = logits;
        this.reference = reference;
        this.others = others;
        otherZero = certain[0];
        otherOne = certain[1];
        referenceZero = certain[2];
        referenceOne = certain[3];
    }

    /**
     * Sorts the voxels of a channel.
     *
     * @throws IllegalArgumentException if the reference is soft, or a value is no probability
     */
    public static RankedLosses of(Channel channel, Region region, CancelSignal cancel) {
        // Outside the support both sides are 0: such voxels are only counted.
        Box box = region.within() == null ? Support.of(channel, region.box()) : region.box();
        SideReader p = SideReader.of(channel.prediction(), box);
        SideReader g = SideReader.of(channel.reference(), box);
        boolean logits = channel.prediction().isLogit();
        Gathered[] gathered = {new Gathered(), new Gathered()};
        long[] certain = new long[4];
        certain[0] = region.box().voxelCount() - box.voxelCount();
        for (int z = box.z0(); z < box.z1(); z++) {
            cancel.check();
            for (int y = box.y0(); y < box.y1(); y++) {
                p.read(y, z);
                g.read(y, z);
                for (int x = box.x0(); x < box.x1(); x++) {
                    if (region.within() != null && !region.within().contains(x, y, z)) {
                        continue;
                    }
                    double gi = g.p[x - box.x0()];
                    if (gi != 0 && gi != 1) {
                        throw new IllegalArgumentException("ranking needs a hard reference");
                    }
                    double pi = p.p[x - box.x0()];
                    double ofP = p.surpriseOfP[x - box.x0()];
                    double ofQ = p.surpriseOfQ[x - box.x0()];
                    // An infinite logit, and what a side does not store, is certain; its surprise is the floor.
                    boolean sure = logits
                            ? pi == 0 && ofP == Surprise.LARGEST || pi == 1 && ofQ == Surprise.LARGEST
                            : pi == 0 || pi == 1;
                    if (sure) {
                        certain[(int) (2 * gi + pi)]++;
                    } else {
                        gathered[(int) gi].add(logits ? ofQ - ofP : pi);
                    }
                }
            }
        }
        return new RankedLosses(gathered[1].sorted(), gathered[0].sorted(), certain, logits);
    }

    /** The probability of a sorted value. */
    private double p(double value) {
        return logits ? Surprise.sigmoid(value) : value;
    }

    /** What the probability of a sorted value leaves. */
    private double q(double value) {
        return logits ? Surprise.sigmoid(-value) : 1 - value;
    }

    /** The decision value of the hinge: a logit, or the logit of a probability. */
    private double decision(double value) {
        return logits ? value : Math.log(value / (1 - value));
    }

    private long referenceCount() {
        return reference.length + referenceZero + referenceOne;
    }

    private long otherCount() {
        return others.length + otherZero + otherOne;
    }

    public long voxels() {
        return referenceCount() + otherCount();
    }

    /** True if the reference has a voxel. */
    public boolean hasReference() {
        return referenceCount() > 0;
    }

    /** Lovász-softmax loss of one class (Berman et al. 2018): the convex extension of the Jaccard loss at the errors |g - p|. */
    public double lovaszSoftmax() {
        return lovasz(1);
    }

    /**
     * Lovász hinge (Berman et al. 2018) of the decision values 2p - 1: the errors are 1 - (2p - 1) where g = 1 and
     * 1 + (2p - 1) elsewhere, 2 |g - p|. For logits see {@link #lovaszHinge}.
     */
    public double lovaszHingeOfProbability() {
        return lovasz(2);
    }

    /** The Lovász extension of the Jaccard loss at errors |g - p|, in descending order, scaled. */
    private double lovasz(double scale) {
        long total = referenceCount();
        double loss = 0;
        long seenReference = 0;
        long seenOthers = 0;
        double before = 0;
        // Certain and wrong first: the error is 1.
        seenReference += referenceZero;
        seenOthers += otherOne;
        double now = jaccardLoss(total, seenReference, seenOthers);
        loss += scale * (now - before);
        before = now;
        int r = 0;
        int o = others.length - 1;
        while (r < reference.length || o >= 0) {
            double er = r < reference.length ? q(reference[r]) : -1;
            double eo = o >= 0 ? p(others[o]) : -1;
            double error = Math.max(er, eo);
            while (r < reference.length && q(reference[r]) == error) {
                r++;
                seenReference++;
            }
            while (o >= 0 && p(others[o]) == error) {
                o--;
                seenOthers++;
            }
            now = jaccardLoss(total, seenReference, seenOthers);
            loss += scale * error * (now - before);
            before = now;
        }
        return loss;
    }

    private static double jaccardLoss(long total, long seenReference, long seenOthers) {
        long union = total + seenOthers;
        return union == 0 ? 0 : 1 - (total - seenReference) / (double) union;
    }

    /**
     * Lovász hinge (Berman et al. 2018) of logits: errors max(0, 1 - z) where g = 1 and max(0, 1 + z) elsewhere. The logits are
     * got back from the probabilities if those were sorted. Infinite if an infinite logit is wrong.
     */
    public double lovaszHinge() {
        long total = referenceCount();
        if (referenceZero + otherOne > 0) {
            return Double.POSITIVE_INFINITY;
        }
        double loss = 0;
        double before = 0;
        long seenReference = 0;
        long seenOthers = 0;
        int r = 0;
        int o = others.length - 1;
        while (r < reference.length || o >= 0) {
            double er = r < reference.length ? 1 - decision(reference[r]) : Double.NEGATIVE_INFINITY;
            double eo = o >= 0 ? 1 + decision(others[o]) : Double.NEGATIVE_INFINITY;
            double error = Math.max(er, eo);
            if (error <= 0) {
                break;
            }
            if (er >= eo) {
                r++;
                seenReference++;
            } else {
                o--;
                seenOthers++;
            }
            double now = jaccardLoss(total, seenReference, seenOthers);
            loss += error * (now - before);
            before = now;
        }
        return loss;
    }

    /**
     * Mean binary cross-entropy over the voxels where it is largest (nnU-Net's top-k loss).
     *
     * @param percent share of all voxels in percent, in (0, 100]; the count is rounded down, but at least 1
     */
    public double topK(double percent) {
        long k = Math.max(1, (long) Math.floor(voxels() * percent / 100));
        long left = k;
        double sum = 0;
        long certainWrong = referenceZero + otherOne;
        int r = 0;
        int o = others.length - 1;
        while (left > 0 && (certainWrong > 0 || r < reference.length || o >= 0)) {
            double er = r < reference.length ? missing(reference[r]) : -1;
            double eo = o >= 0 ? leaking(others[o]) : -1;
            if (certainWrong > 0 && Math.max(er, eo) <= Surprise.LARGEST) {
                // Of logits, finite ones may be worse than the floor that an infinite one has.
                long taken = Math.min(left, certainWrong);
                sum += taken * Surprise.LARGEST;
                left -= taken;
                certainWrong = 0;
                continue;
            }
            if (er >= eo) {
                r++;
            } else {
                o--;
            }
            sum += Math.max(er, eo);
            left--;
        }
        return sum / k;
    }

    /** -log p of a sorted value. */
    private double missing(double value) {
        return logits ? Surprise.softplus(-value) : Surprise.of(value);
    }

    /** -log(1 - p) of a sorted value. */
    private double leaking(double value) {
        return logits ? Surprise.softplus(value) : Surprise.ofRest(value);
    }

    /** Area under the ROC curve, ties counted half; NaN if the reference has no voxel or all. */
    public double auroc() {
        double pairs = (double) referenceCount() * otherCount();
        // Pairs with the reference voxel above, plus half of the ties.
        double above = referenceOne * (double) (otherCount() - otherOne) + 0.5 * referenceOne * otherOne;
        above += 0.5 * referenceZero * otherZero;
        int below = 0;
        for (int r = 0; r < reference.length; ) {
            int same = r;
            while (same < reference.length && reference[same] == reference[r]) {
                same++;
            }
            while (below < others.length && others[below] < reference[r]) {
                below++;
            }
            int ties = below;
            while (ties < others.length && others[ties] == reference[r]) {
                ties++;
            }
            above += (same - r) * (otherZero + below + 0.5 * (ties - below));
            r = same;
        }
        return above / pairs;
    }

    /**
     * Average precision, sum over distinct thresholds of (recall step) times precision, as scikit-learn; NaN if the reference has
     * no voxel.
     */
    public double averagePrecision() {
        double total = referenceCount();
        if (total == 0) {
            return Double.NaN;
        }
        double sum = 0;
        double tp = referenceOne;
        double fp = otherOne;
        if (tp > 0) {
            sum += tp / total * (tp / (tp + fp));
        }
        int r = reference.length - 1;
        int o = others.length - 1;
        while (r >= 0) {
            double threshold = reference[r];
            int step = 0;
            while (r >= 0 && reference[r] == threshold) {
                r--;
                step++;
            }
            while (o >= 0 && others[o] >= threshold) {
                o--;
                fp++;
            }
            tp += step;
            sum += step / total * (tp / (tp + fp));
        }
        if (referenceZero > 0) {
            sum += referenceZero / total * (total / voxels());
        }
        return sum;
    }

    /**
     * Expected calibration error in bins that hold equally many voxels (adaptive ECE, Nixon et al. 2019). Ties are spread
     * over bins in proportion, so that the value does not depend on their order.
     *
     * @param bins at least 1
     */
    public double adaptiveCalibrationError(int bins) {
        double size = voxels() / (double) bins;
        double error = 0;
        Fill fill = new Fill(size);
        error += fill.add(0, otherZero, referenceZero);
        int r = 0;
        int o = 0;
        while (r < reference.length || o < others.length) {
            double pr = r < reference.length ? reference[r] : Double.POSITIVE_INFINITY;
            double po = o < others.length ? others[o] : Double.POSITIVE_INFINITY;
            double value = Math.min(pr, po);
            int r0 = r;
            int o0 = o;
            while (r < reference.length && reference[r] == value) {
                r++;
            }
            while (o < others.length && others[o] == value) {
                o++;
            }
            error += fill.add(p(value), o - o0, r - r0);
        }
        error += fill.add(1, otherOne, referenceOne);
        error += fill.gap();
        return error / voxels();
    }

    /** A bin being filled. */
    private static final class Fill {
        private final double size;
        private double voxels;
        private double sumP;
        private double sumG;

        Fill(double size) {
            this.size = size;
        }

        /** Adds voxels of one probability and returns |sum p - sum g| of every bin that this filled. */
        double add(double p, long others, long reference) {
            double left = (double) others + reference;
            double share = left == 0 ? 0 : reference / left;
            double error = 0;
            while (left > 0 && voxels + left >= size) {
                double part = size - voxels;
                sumP += part * p;
                sumG += part * share;
                error += gap();
                voxels = 0;
                sumP = 0;
                sumG = 0;
                left -= part;
            }
            voxels += left;
            sumP += left * p;
            sumG += left * share;
            return error;
        }

        double gap() {
            return Math.abs(sumP - sumG);
        }
    }

    /** A growing list of values. */
    static final class Gathered {
        private double[] values = new double[1024];
        private int size;

        void add(double value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, Math.addExact(size, size >> 1));
            }
            values[size++] = value;
        }

        int size() {
            return size;
        }

        double[] sorted() {
            double[] sorted = Arrays.copyOf(values, size);
            Arrays.sort(sorted);
            return sorted;
        }
    }
}
