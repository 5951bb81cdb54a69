package org.segmeter.metric.loss;

import java.util.List;
import org.segmeter.metric.loss.ChannelStatistics.TermSum;
import org.segmeter.metric.loss.VoxelTerm.ClippedCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.ClippedError;
import org.segmeter.metric.loss.VoxelTerm.ClippedFocal;
import org.segmeter.metric.loss.VoxelTerm.ContraryCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.CrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.Focal;
import org.segmeter.metric.loss.VoxelTerm.LogPower;

/** Voxel-wise and combined losses of a case from the statistics of its channels. Means are over all voxels of the region. */
public final class VoxelLosses {

    private VoxelLosses() {}

    /**
     * Binary cross-entropy, with a weight on reference voxels (torch's {@code pos_weight}):
     * -mean(w g log p + (1 - g) log(1 - p)).
     */
    public static double binaryCrossEntropy(ChannelStatistics s, VoxelTerm crossEntropy, double referenceWeight) {
        TermSum sum = s.term(crossEntropy);
        return (referenceWeight * sum.onReference() + sum.elsewhere())
                / s.sums().voxels();
    }

    /**
     * Cross-entropy of exclusive classes, -sum_c w_c sum(g_c log p_c) / sum_c w_c sum(g_c): torch's weighted mean.
     *
     * @param channels all classes
     * @param weights one per class
     */
    public static double crossEntropy(List<ChannelStatistics> channels, double[] weights) {
        double sum = 0;
        double size = 0;
        for (int c = 0; c < channels.size(); c++) {
            sum += weights[c] * channels.get(c).term(new CrossEntropy()).onReference();
            size += weights[c] * channels.get(c).sums().g();
        }
        return sum / size;
    }

    /**
     * Cross-entropy against targets smoothed by s, torch's {@code label_smoothing}: (1 - s) times the cross-entropy plus s
     * times the mean over classes of -mean(log p_c).
     *
     * @param logP per class the mean over all voxels of -log p_c
     */
    public static double smoothedCrossEntropy(List<ChannelStatistics> channels, double[] logP, double smoothing) {
        double[] ones = new double[channels.size()];
        java.util.Arrays.fill(ones, 1);
        double uniform = 0;
        for (double mean : logP) {
            uniform += mean / logP.length;
        }
        return (1 - smoothing) * crossEntropy(channels, ones) + smoothing * uniform;
    }

    /**
     * Binary cross-entropy against targets g (1 - s) + s / 2: label smoothing over the two classes.
     *
     * @param smoothing s in [0, 1)
     */
    public static double smoothedBinaryCrossEntropy(ChannelStatistics s, double smoothing) {
        return ((1 - smoothing / 2) * s.term(new CrossEntropy()).all()
                        + smoothing / 2 * s.term(new ContraryCrossEntropy()).all())
                / s.sums().voxels();
    }

    /**
     * Binary cross-entropy with a weight for each side: -mean(w g log p + v (1 - g) log(1 - p)).
     *
     * @param onReference w
     * @param elsewhere v
     */
    public static double weightedBinaryCrossEntropy(ChannelStatistics s, double onReference, double elsewhere) {
        TermSum sum = s.term(new CrossEntropy());
        return ((onReference == 0 ? 0 : onReference * sum.onReference())
                        + (elsewhere == 0 ? 0 : elsewhere * sum.elsewhere()))
                / s.sums().voxels();
    }

    /**
     * Balanced cross-entropy (Xie and Tu 2015): -mean(b g log p + (1 - b)(1 - g) log(1 - p)) with b the share of the voxels that
     * are not the reference's, so that both sides weigh the same.
     */
    public static double balancedCrossEntropy(ChannelStatistics s) {
        double share = s.sums().g() / s.sums().voxels();
        return weightedBinaryCrossEntropy(s, 1 - share, share);
    }

    /** Poly-1 cross-entropy of exclusive classes: cross-entropy + epsilon times the mean of 1 - p of the reference's class. */
    public static double poly1(List<ChannelStatistics> channels, double epsilon) {
        double[] ones = new double[channels.size()];
        java.util.Arrays.fill(ones, 1);
        double missed = 0;
        for (ChannelStatistics channel : channels) {
            missed += channel.sums().fn();
        }
        return crossEntropy(channels, ones)
                + epsilon * missed / channels.getFirst().sums().voxels();
    }

    /**
     * Focal loss of a sigmoid channel (Lin et al. 2017): mean of alpha g (1 - p)^gamma (-log p) + (1 - alpha)(1 - g) p^gamma
     * (-log(1 - p)).
     *
     * @param alpha weight of reference voxels, 1 - alpha elsewhere; NaN for no weighting
     */
    public static double focal(ChannelStatistics s, VoxelTerm focal, double alpha) {
        TermSum sum = s.term(focal);
        double weighted = Double.isNaN(alpha) ? sum.all() : alpha * sum.onReference() + (1 - alpha) * sum.elsewhere();
        return weighted / s.sums().voxels();
    }

    /** Focal loss of one softmax class: mean of g (1 - p)^gamma (-log p). */
    public static double softmaxFocal(ChannelStatistics s, double gamma) {
        return s.term(new Focal(gamma)).onReference() / s.sums().voxels();
    }

    /** Poly-1 cross-entropy (Leng et al. 2022): cross-entropy + epsilon mean(1 - p_t). */
    public static double poly1(ChannelStatistics s, double epsilon) {
        return s.mean(new CrossEntropy())
                + epsilon * (s.sums().fp() + s.sums().fn()) / s.sums().voxels();
    }

    /** Hinge with targets and decisions in -1..1 (2g - 1, 2p - 1): mean(max(0, 1 - t s)). */
    public static double hinge(SoftSums s) {
        return 2 * (s.fp() + s.fn()) / s.voxels();
    }

    /** Squared hinge with targets and decisions in -1..1; for a hard reference. */
    public static double squaredHinge(SoftSums s) {
        return 4 * s.l2() / s.voxels();
    }

    /** Hinge with the probability itself as the decision value, as scikit-learn and miseval compute it from a probability. */
    public static double probabilityHinge(SoftSums s) {
        return (s.fn() + (s.voxels() - s.g()) + s.fp()) / s.voxels();
    }

    /** torch's {@code hinge_embedding_loss} with margin 1 of a probability: p where g = 1, 1 - p elsewhere. */
    public static double hingeEmbedding(SoftSums s) {
        return (s.tp() + s.tn()) / s.voxels();
    }

    /** Kullback-Leibler divergence of the prediction from the reference over the classes g and 1 - g, in nats per voxel. */
    public static double klDivergence(ChannelStatistics s, VoxelTerm crossEntropy) {
        return (s.term(crossEntropy).all() - s.referenceEntropy()) / s.sums().voxels();
    }

    /** Mean absolute error. */
    public static double l1(SoftSums s) {
        return s.l1() / s.voxels();
    }

    /** Mean squared error: the Brier score. */
    public static double l2(SoftSums s) {
        return s.l2() / s.voxels();
    }

    /** Smooth L1: Huber(beta) / beta. */
    public static double smoothL1(ChannelStatistics s, double beta) {
        return s.mean(new VoxelTerm.Huber(beta)) / beta;
    }

    /**
     * Asymmetric focal loss (Yeung et al. 2022) of one structure and its background: mean of delta g (-log p) +
     * (1 - delta)(1 - g) p^gamma (-log(1 - p)), with p clipped to [epsilon, 1 - epsilon].
     */
    public static double asymmetricFocal(ChannelStatistics s, double delta, double gamma, double epsilon) {
        return (delta * s.term(new ClippedCrossEntropy(epsilon)).onReference()
                        + (1 - delta) * s.term(new ClippedFocal(gamma, epsilon)).elsewhere())
                / s.sums().voxels();
    }

    /**
     * Asymmetric focal Tversky loss (Yeung et al. 2022): the mean of 1 - T of the background and (1 - T)^(1 - gamma) of the
     * structure, T = (tp + epsilon) / (tp + delta fn + (1 - delta) fp + epsilon) with p clipped to [epsilon, 1 - epsilon].
     */
    public static double asymmetricFocalTversky(ChannelStatistics s, double delta, double gamma, double epsilon) {
        return focalTversky(delta, gamma, epsilon, false).of(clipped(s, epsilon));
    }

    /**
     * Symmetric focal loss (Yeung et al. 2022): mean of delta g (1 - p)^gamma (-log p) + (1 - delta)(1 - g) p^gamma
     * (-log(1 - p)), with p clipped to [epsilon, 1 - epsilon].
     */
    public static double symmetricFocal(ChannelStatistics s, double delta, double gamma, double epsilon) {
        TermSum focal = s.term(new ClippedFocal(gamma, epsilon));
        return (delta * focal.onReference() + (1 - delta) * focal.elsewhere())
                / s.sums().voxels();
    }

    /**
     * Symmetric focal Tversky loss (Yeung et al. 2022): the mean of (1 - T)^(1 - gamma) of background and structure, T as in
     * {@link #asymmetricFocalTversky}.
     */
    public static double symmetricFocalTversky(ChannelStatistics s, double delta, double gamma, double epsilon) {
        return focalTversky(delta, gamma, epsilon, true).of(clipped(s, epsilon));
    }

    /** Of the sums of clipped probabilities. */
    static RegionLoss focalTversky(double delta, double gamma, double epsilon, boolean symmetric) {
        return new RegionLoss.FocalTverskyWithRest(RegionLoss.Tversky.of(1 - delta, delta, epsilon), gamma, symmetric);
    }

    /** Symmetric unified focal loss (Yeung et al. 2022): weight symmetric focal + (1 - weight) symmetric focal Tversky. */
    public static double symmetricUnifiedFocal(
            ChannelStatistics s, double weight, double delta, double gamma, double epsilon) {
        return weight * symmetricFocal(s, delta, gamma, epsilon)
                + (1 - weight) * symmetricFocalTversky(s, delta, gamma, epsilon);
    }

    /** Asymmetric unified focal loss (Yeung et al. 2022): weight asymmetric focal + (1 - weight) asymmetric focal Tversky. */
    public static double asymmetricUnifiedFocal(
            ChannelStatistics s, double weight, double delta, double gamma, double epsilon) {
        return weight * asymmetricFocal(s, delta, gamma, epsilon)
                + (1 - weight) * asymmetricFocalTversky(s, delta, gamma, epsilon);
    }

    /**
     * Combo loss (Taghanaki et al. 2019): alpha CE - (1 - alpha) Dice with CE = -mean(beta g log p + (1 - beta)(1 - g)
     * log(1 - p)) and Dice = (2 sum(pg) + smooth) / (sum(p) + sum(g) + smooth).
     */
    public static double combo(ChannelStatistics s, double alpha, double beta, double smooth) {
        TermSum ce = s.term(new CrossEntropy());
        double weighted = (beta * ce.onReference() + (1 - beta) * ce.elsewhere())
                / s.sums().voxels();
        return alpha * weighted
                - (1 - alpha) * (1 - RegionLoss.Dice.linear(smooth).of(s.sums()));
    }

    /**
     * Exponential logarithmic loss (Wong et al. 2018) of a structure and its background: wDice E[(-log Dice_l)^gamma] +
     * wCross E[(f_l)^-1/2 weighted (-log p_l)^gamma], where the label weights sqrt(sum f / f_l) come from the reference
     * volumes f.
     */
    public static double exponentialLogarithmic(
            ChannelStatistics s, double wDice, double wCross, double gamma, double smooth) {
        double sum = new RegionLoss.LogPowerDiceWithRest(RegionLoss.Dice.linear(smooth), gamma).of(s.sums());
        TermSum cross = s.term(new LogPower(gamma));
        double reference = s.sums().g();
        double rest = s.sums().voxels() - reference;
        double voxels = s.sums().voxels();
        double weighted = (reference == 0 ? 0 : Math.sqrt(voxels / reference) * cross.onReference())
                + (rest == 0 ? 0 : Math.sqrt(voxels / rest) * cross.elsewhere());
        return wDice * sum + wCross * weighted / voxels;
    }

    /** The sums of probabilities clipped to [epsilon, 1 - epsilon], as far as the Tversky index needs them. */
    static SoftSums clipped(ChannelStatistics s, double epsilon) {
        TermSum error = s.term(new ClippedError(epsilon));
        double reference = s.sums().g();
        double rest = s.sums().voxels() - reference;
        double fn = error.onReference();
        double fp = error.elsewhere();
        return new SoftSums(s.sums().voxels(), reference - fn, fp, fn, rest - fp, 0, 0, 0, 0, 0, reference, fp + fn, 0);
    }
}
