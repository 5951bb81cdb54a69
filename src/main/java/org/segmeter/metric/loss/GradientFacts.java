package org.segmeter.metric.loss;

import org.jspecify.annotations.Nullable;
import org.segmeter.metric.loss.ChannelStatistics.TermSum;
import org.segmeter.metric.loss.VoxelTerm.ClippedError;
import org.segmeter.metric.loss.VoxelTerm.Slope;
import org.segmeter.metric.loss.VoxelTerm.Sloped;

/**
 * The gradient of a region loss by the probabilities of all voxels, in closed form. By the probability of a reference voxel it is
 * {@code onReference + onReferencePerError * (1 - p)}, elsewhere {@code elsewhere + elsewherePerProbability * p}: for the
 * linear losses (Dice, Jaccard, Tversky) two values in the whole image (Kervadec and de Bruijne 2023).
 *
 * @param norm Euclidean norm over all voxels
 * @param shareOnReference part of the squared norm that lies on reference voxels; NaN where the norm is 0
 * @param logitNorm norm by the logits, where each entry is multiplied by p (1 - p)
 * @param logitShareOnReference part of the squared logit norm that lies on reference voxels; NaN where that norm is 0
 * @param parts of a loss that adds means over voxels to a function of the sums: its slopes above are those of the latter alone; null
 *     for any other
 */
public record GradientFacts(
        double onReference,
        double onReferencePerError,
        double elsewhere,
        double elsewherePerProbability,
        double norm,
        double shareOnReference,
        double logitNorm,
        double logitShareOnReference,
        @Nullable Parts parts) {

    /**
     * What each of the two parts of a loss contributes.
     *
     * @param regionNorm norm of the gradient of what depends on the sums
     * @param regionLogitNorm the same by the logits
     * @param voxelNorm norm of the gradient of the means over voxels; infinite where a logarithm has no bound, at a voxel that is
     *     certain and wrong
     * @param voxelLogitNorm the same by the logits, where it is finite
     */
    public record Parts(double regionNorm, double regionLogitNorm, double voxelNorm, double voxelLogitNorm) {}

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
                logitReference / (logitReference + logitOthers),
                null);
    }

    /** The gradient of a loss that adds means over voxels to a function of the sums. */
    static GradientFacts of(CompoundSlopes loss, ChannelStatistics statistics) {
        if (!statistics.hardReference()) {
            throw new IllegalArgumentException("gradient facts need a hard reference");
        }
        // By the error, whose sign is that of p elsewhere and the opposite on the reference.
        double onReference = loss.region().fn() - loss.region().tp();
        double elsewhere = loss.region().fp() - loss.region().tn();
        Squares reference = Squares.of(onReference, loss, loss.onReference(), statistics, true);
        Squares others = Squares.of(elsewhere, loss, loss.elsewhere(), statistics, false);
        Squares all = reference.plus(others);
        return new GradientFacts(
                -onReference,
                0,
                elsewhere,
                0,
                Math.sqrt(all.all()),
                reference.all() / all.all(),
                Math.sqrt(all.allByLogit()),
                reference.allByLogit() / all.allByLogit(),
                new Parts(
                        Math.sqrt(all.region),
                        Math.sqrt(all.regionByLogit),
                        Math.sqrt(all.voxels),
                        Math.sqrt(all.voxelsByLogit)));
    }

    /** Sums over voxels of the squares of both parts of a slope, and of twice their product. */
    private record Squares(
            double region,
            double product,
            double voxels,
            double regionByLogit,
            double productByLogit,
            double voxelsByLogit) {

        static Squares of(
                double slope,
                CompoundSlopes loss,
                CompoundSlopes.@Nullable VoxelPart part,
                ChannelStatistics s,
                boolean reference) {
            double voxels;
            double slopes2;
            if (loss.clip() > 0) {
                voxels = sum(s, new ClippedError(loss.clip()), 1, false, reference);
                slopes2 = sum(s, new ClippedError(loss.clip()), 2, true, reference);
            } else {
                voxels = reference ? s.sums().g() : s.sums().voxels() - s.sums().g();
                slopes2 = reference ? s.slopes().rQ2() : s.slopes().oQ2();
            }
            double region = slope * slope * voxels;
            double regionByLogit = slope * slope * slopes2;
            if (part == null || part.weight() == 0) {
                return new Squares(region, 0, 0, regionByLogit, 0, 0);
            }
            double w = part.weight();
            return new Squares(
                    region,
                    slope == 0 ? 0 : 2 * slope * w * sum(s, part.term(), 1, false, reference),
                    w * w * sum(s, part.term(), 2, false, reference),
                    regionByLogit,
                    slope == 0 ? 0 : 2 * slope * w * sum(s, part.term(), 1, true, reference),
                    w * w * sum(s, part.term(), 2, true, reference));
        }

        private static double sum(
                ChannelStatistics s, Sloped term, int power, boolean throughSigmoid, boolean reference) {
            TermSum sum = s.term(new Slope(term, power, throughSigmoid));
            return reference ? sum.onReference() : sum.elsewhere();
        }

        Squares plus(Squares other) {
            return new Squares(
                    region + other.region,
                    product + other.product,
                    voxels + other.voxels,
                    regionByLogit + other.regionByLogit,
                    productByLogit + other.productByLogit,
                    voxelsByLogit + other.voxelsByLogit);
        }

        double all() {
            return region + product + voxels;
        }

        double allByLogit() {
            return regionByLogit + productByLogit + voxelsByLogit;
        }
    }

    /** sum of (a + b e)^2 w from the sums of w, e w and e^2 w; never negative by rounding. */
    private static double square(double a, double b, double w, double ew, double e2w) {
        return Math.max(0, a * a * w + 2 * a * b * ew + b * b * e2w);
    }
}
