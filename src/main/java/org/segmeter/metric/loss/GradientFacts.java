package org.segmeter.metric.loss;

/**
 * The gradient of a region loss by the probabilities of all voxels, in closed form. By the probability of a reference voxel it is
 * {@code onReference + onReferencePerError * (1 - p)}, elsewhere {@code elsewhere + elsewherePerProbability * p}: for the
 * linear losses (Dice, Jaccard, Tversky) two values in the whole image (Kervadec and de Bruijne 2023).
 *
 * @param norm Euclidean norm over all voxels
 * @param shareOnReference part of the squared norm that lies on reference voxels; NaN where the norm is 0
 * @param logitNorm norm by the logits, where each entry is multiplied by p (1 - p)
 * @param logitShareOnReference part of the squared logit norm that lies on reference voxels; NaN where that norm is 0
 */
public record GradientFacts(
        double onReference,
        double onReferencePerError,
        double elsewhere,
        double elsewherePerProbability,
        double norm,
        double shareOnReference,
        double logitNorm,
        double logitShareOnReference) {

    /** @throws IllegalArgumentException if the reference is soft: its voxels fall into no two kinds */
    public static GradientFacts of(RegionLoss loss, ChannelStatistics statistics) {
        return of(loss.partials(statistics.sums()), statistics);
    }

    /** The gradient of a loss with these partial derivatives by the sums. */
    static GradientFacts of(RegionLoss.Partials d, ChannelStatistics statistics) {
        if (!statistics.hardReference()) {
            throw new IllegalArgumentException("gradient facts need a hard reference");
        }
        SoftSums s = statistics.sums();
        double r0 = d.tp() - d.fn() + 2 * d.tp2() + 2 * d.pp();
        double r1 = -2 * (d.tp2() + d.fn2() + d.pp());
        double o0 = d.fp() - d.tn();
        double o1 = 2 * (d.fp2() + d.pp());
        double reference = square(r0, r1, s.g(), s.fn(), s.fn2());
        double others = square(o0, o1, s.voxels() - s.g(), s.fp(), s.fp2());
        ChannelStatistics.SlopeSums q = statistics.slopes();
        double logitReference = square(r0, r1, q.rQ2(), q.rEQ2(), q.rE2Q2());
        double logitOthers = square(o0, o1, q.oQ2(), q.oEQ2(), q.oE2Q2());
        return new GradientFacts(
                r0,
                r1,
                o0,
                o1,
                Math.sqrt(reference + others),
                reference / (reference + others),
                Math.sqrt(logitReference + logitOthers),
                logitReference / (logitReference + logitOthers));
    }

    /** sum of (a + b e)^2 w from the sums of w, e w and e^2 w; never negative by rounding. */
    private static double square(double a, double b, double w, double ew, double e2w) {
        return Math.max(0, a * a * w + 2 * a * b * ew + b * b * e2w);
    }
}
