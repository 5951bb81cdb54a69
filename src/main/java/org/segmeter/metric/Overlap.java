package org.segmeter.metric;

/**
 * The metrics of a confusion matrix. Each is given by its formula alone; where the formula divides by zero the result is NaN,
 * and what that means for a scorecard is the protocol's rule for empty masks.
 *
 * <p>A prediction, B reference, N voxels; TP = |A and B|, FP = |A| - TP, FN = |B| - TP. Unless another source is named, the
 * definitions are those of Taha and Hanbury, "Metrics for evaluating 3D medical image segmentation", BMC Med. Imaging 15:29 (2015),
 * and of Maier-Hein et al., "Metrics reloaded", Nat. Methods 21 (2024).
 */
public final class Overlap {

    private Overlap() {}

    /** 2 TP / (2 TP + FP + FN): Dice (1945), Sorensen (1948), F1. 0 to 1. */
    public static double dice(ConfusionCounts c) {
        return 2.0 * c.tp() / (2.0 * c.tp() + c.fp() + c.fn());
    }

    /** TP / (TP + FP + FN): Jaccard (1901), intersection over union. 0 to 1. */
    public static double jaccard(ConfusionCounts c) {
        return c.tp() / ((double) c.tp() + c.fp() + c.fn());
    }

    /** TP / (TP + FP): positive predictive value. 0 to 1. */
    public static double precision(ConfusionCounts c) {
        return c.tp() / (double) c.prediction();
    }

    /** TP / (TP + FN): recall, true positive rate. 0 to 1. */
    public static double sensitivity(ConfusionCounts c) {
        return c.tp() / (double) c.reference();
    }

    /** TN / (TN + FP): true negative rate. 0 to 1; near 1 whatever happens where the volume is large. */
    public static double specificity(ConfusionCounts c) {
        return c.tn() / (double) (c.tn() + c.fp());
    }

    /** TN / (TN + FN): negative predictive value. 0 to 1. */
    public static double negativePredictiveValue(ConfusionCounts c) {
        return c.tn() / (double) (c.tn() + c.fn());
    }

    /** FP / (FP + TN). 0 to 1. */
    public static double falsePositiveRate(ConfusionCounts c) {
        return c.fp() / (double) (c.tn() + c.fp());
    }

    /** FN / (FN + TP). 0 to 1. */
    public static double falseNegativeRate(ConfusionCounts c) {
        return c.fn() / (double) c.reference();
    }

    /** FP / (FP + TP). 0 to 1. */
    public static double falseDiscoveryRate(ConfusionCounts c) {
        return c.fp() / (double) c.prediction();
    }

    /** (TP + TN) / N. 0 to 1; near 1 whatever happens where the volume is large. */
    public static double accuracy(ConfusionCounts c) {
        return (c.tp() + c.tn()) / (double) c.total();
    }

    /** (sensitivity + specificity) / 2. 0 to 1. */
    public static double balancedAccuracy(ConfusionCounts c) {
        return (sensitivity(c) + specificity(c)) / 2;
    }

    /** The mean of those of sensitivity and specificity that are defined, as scikit-learn and MISeval have it. 0 to 1. */
    public static double balancedAccuracyOfDefined(ConfusionCounts c) {
        double sensitivity = sensitivity(c);
        double specificity = specificity(c);
        if (Double.isNaN(sensitivity)) {
            return specificity;
        }
        return Double.isNaN(specificity) ? sensitivity : (sensitivity + specificity) / 2;
    }

    /**
     * 1 - (FPR + FNR) / 2, a rate without voxels counting 0: the area under the ROC curve of one operating point (Powers 2011). 0 to 1.
     */
    public static double singleThresholdAuc(ConfusionCounts c) {
        return 1 - (orZero(c.fp(), c.fp() + (double) c.tn()) + orZero(c.fn(), c.reference())) / 2;
    }

    /**
     * 2 sum_l w_l TP_l / sum_l w_l (|A_l| + |B_l|) over the class and, if wished, the background (Crum et al. 2006; Sudre et al. 2017).
     * A class that is absent from the reference has an infinite weight; it takes the largest of the finite ones, or 0 if there is
     * none, as in MONAI.
     *
     * @param weight {@code square} (1/|B|^2), {@code simple} (1/|B|) or {@code uniform} (1)
     * @return 0 to 1; where nothing has weight 1 if the prediction is empty too, else 0
     */
    public static double generalizedDice(ConfusionCounts c, String weight, boolean background) {
        long outside = c.total() - c.reference();
        double foregroundWeight = weight(c.reference(), weight);
        double backgroundWeight = background ? weight(outside, weight) : 0;
        double largest = Math.max(
                Double.isFinite(foregroundWeight) ? foregroundWeight : 0,
                Double.isFinite(backgroundWeight) ? backgroundWeight : 0);
        double f = Double.isFinite(foregroundWeight) ? foregroundWeight : largest;
        double b = Double.isFinite(backgroundWeight) ? backgroundWeight : largest;
        double numerator = 2 * (f * c.tp() + (background ? b * c.tn() : 0));
        double denominator = f * ((double) c.prediction() + c.reference())
                + (background ? b * ((double) c.total() - c.prediction() + outside) : 0);
        if (denominator == 0) {
            return c.prediction() == 0 ? 1 : 0;
        }
        return numerator / denominator;
    }

    /** (TP - FP) / N: net benefit at the threshold probability 0.5 (Vickers and Elkin 2006). -1 to 1. */
    public static double netBenefit(ConfusionCounts c) {
        return ((double) c.tp() - c.fp()) / c.total();
    }

    /** FPR + FNR: the expected cost over that of the best constant answer, for equal costs and priors. 0 to 2. */
    public static double normalisedExpectedCost(ConfusionCounts c) {
        return falsePositiveRate(c) + falseNegativeRate(c);
    }

    private static double weight(long voxels, String weight) {
        return switch (weight) {
            case "square" -> 1 / ((double) voxels * voxels);
            case "simple" -> 1 / (double) voxels;
            default -> 1;
        };
    }

    /** sensitivity + specificity - 1: Youden's J (1950). -1 to 1. */
    public static double informedness(ConfusionCounts c) {
        return sensitivity(c) + specificity(c) - 1;
    }

    /** precision + negative predictive value - 1 (Powers 2011). -1 to 1. */
    public static double markedness(ConfusionCounts c) {
        return precision(c) + negativePredictiveValue(c) - 1;
    }

    /** sqrt(precision * sensitivity): Fowlkes and Mallows (1983). 0 to 1. */
    public static double fowlkesMallows(ConfusionCounts c) {
        return Math.sqrt(precision(c) * sensitivity(c));
    }

    /** TP / min(|A|, |B|): Szymkiewicz-Simpson overlap coefficient. 0 to 1. */
    public static double overlapCoefficient(ConfusionCounts c) {
        return c.tp() / (double) Math.min(c.prediction(), c.reference());
    }

    /** sensitivity / (1 - specificity). 0 up; undefined without a false positive. */
    public static double positiveLikelihoodRatio(ConfusionCounts c) {
        return sensitivity(c) / falsePositiveRate(c);
    }

    /** (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP): van Rijsbergen (1979); b &gt; 1 weighs misses more. 0 to 1. */
    public static double fBeta(ConfusionCounts c, double beta) {
        double b = beta * beta;
        return (1 + b) * c.tp() / ((1 + b) * c.tp() + b * c.fn() + c.fp());
    }

    /**
     * (TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)): Matthews (1975), the phi coefficient. -1 to 1.
     */
    public static double matthews(ConfusionCounts c) {
        // Square roots one by one: the product of four counts of 10^9 voxels leaves little of a double's range to
        // spare.
        double denominator = Math.sqrt((double) c.prediction())
                * Math.sqrt((double) c.reference())
                * Math.sqrt((double) (c.tn() + c.fp()))
                * Math.sqrt((double) (c.tn() + c.fn()));
        return difference(c.tp(), c.tn(), c.fp(), c.fn()) / denominator;
    }

    /** (po - pe) / (1 - pe), po the accuracy and pe the agreement expected by chance: Cohen (1960). -1 to 1. */
    public static double kappa(ConfusionCounts c) {
        double n = c.total();
        double pe = c.prediction() / n * (c.reference() / n) + (c.tn() + c.fn()) / n * ((c.tn() + c.fp()) / n);
        double disagreement = (c.fp() + c.fn()) / n;
        return 1 - disagreement / (1 - pe);
    }

    /** 1 - ||A| - |B|| / (|A| + |B|): volumetric similarity (Taha and Hanbury 2015). 0 to 1; says nothing of the place. */
    public static double volumetricSimilarity(ConfusionCounts c) {
        return 1 - Math.abs((double) c.fp() - c.fn()) / (2.0 * c.tp() + c.fp() + c.fn());
    }

    /** 2 (|A| - |B|) / (|A| + |B|): the signed volume similarity of ITK's label overlap measures. -2 to 2. */
    public static double volumeSimilaritySigned(ConfusionCounts c) {
        return 2.0 * ((double) c.fp() - c.fn()) / (2.0 * c.tp() + c.fp() + c.fn());
    }

    /** (|A| - |B|) / |B|: relative volume difference, signed. -1 up. */
    public static double relativeVolumeDifference(ConfusionCounts c) {
        return ((double) c.fp() - c.fn()) / c.reference();
    }

    /** | |A| - |B| | / |B|. 0 up. */
    public static double absoluteRelativeVolumeDifference(ConfusionCounts c) {
        return Math.abs(relativeVolumeDifference(c));
    }

    /**
     * Normalised Dice: false positives scaled by k = (1 - r) |B| / (r (N - |B|)), so that the score does not depend on the size of
     * the reference (Raina et al. 2023). 0 to 1; 1 if both are empty, k = 1 if only the reference is, or fills the grid.
     *
     * @param load r, the expected share of foreground, for example 0.001
     */
    public static double normalisedDice(ConfusionCounts c, double load) {
        if (c.prediction() == 0 && c.reference() == 0) {
            return 1;
        }
        long background = c.total() - c.reference();
        double k = c.reference() == 0 || background == 0 ? 1 : (1 - load) * c.reference() / (load * background);
        return 2.0 * c.tp() / (2.0 * c.tp() + k * c.fp() + c.fn());
    }

    /** The Dice that two independent random masks of these sizes would have on average: 2 |A| |B| / (N (|A| + |B|)). 0 to 1. */
    public static double expectedDice(ConfusionCounts c) {
        double a = c.prediction();
        double b = c.reference();
        return 2 * a * (b / c.total()) / (a + b);
    }

    /** (Dice - E) / (1 - E), E = {@link #expectedDice}: Dice above chance. At most 1; 0 for chance agreement. */
    public static double chanceCorrectedDice(ConfusionCounts c) {
        double e = expectedDice(c);
        return (dice(c) - e) / (1 - e);
    }

    /** Share of voxel pairs on which both clusterings agree: Rand (1971). 0 to 1. */
    public static double randIndex(ConfusionCounts c) {
        double sameBoth = pairs(c.tp()) + pairs(c.fp()) + pairs(c.fn()) + pairs(c.tn());
        double sameA = pairs(c.prediction()) + pairs(c.total() - c.prediction());
        double sameB = pairs(c.reference()) + pairs(c.total() - c.reference());
        double all = pairs(c.total());
        return (all + 2 * sameBoth - sameA - sameB) / all;
    }

    /**
     * Rand index corrected for chance: Hubert and Arabie (1985). At most 1; 1 where both clusterings are trivial and equal.
     */
    public static double adjustedRandIndex(ConfusionCounts c) {
        // In pair counts (Hubert and Arabie, eq. 5): 2 (ad - bc) / ((a+b)(b+d) + (a+c)(c+d)); equal clusterings have b
        // = c = 0.
        double same = pairs(c.tp()) + pairs(c.fp()) + pairs(c.fn()) + pairs(c.tn());
        double onlyA = (double) c.tp() * c.fp() + (double) c.fn() * c.tn();
        double onlyB = (double) c.tp() * c.fn() + (double) c.fp() * c.tn();
        double apart = (double) c.tp() * c.tn() + (double) c.fp() * c.fn();
        // onlyB counts pairs together in A but not in B, onlyA the reverse: the formula is symmetric in them.
        if (onlyA == 0 && onlyB == 0) {
            return 1;
        }
        return 2
                * (same * apart - onlyA * onlyB)
                / ((same + onlyA) * (onlyA + apart) + (same + onlyB) * (onlyB + apart));
    }

    /** Mutual information of the two labellings, nats. 0 to ln 2. */
    public static double mutualInformation(ConfusionCounts c) {
        // joint n - a b is the same number for all four cells but for its sign: exact, where the logarithm of the ratio
        // itself would lose
        // all digits near independence.
        double excess = difference(c.tp(), c.tn(), c.fp(), c.fn());
        double n = c.total();
        double a = c.prediction();
        double b = c.reference();
        double sum = information(c.tp(), excess, a * b, n)
                + information(c.fp(), -excess, a * (n - b), n)
                + information(c.fn(), -excess, (n - a) * b, n)
                + information(c.tn(), excess, (n - a) * (n - b), n);
        return Math.max(0, sum);
    }

    /** Mutual information over the mean of the two entropies. 0 to 1; 1 where both labellings are one cluster. */
    public static double normalisedMutualInformation(ConfusionCounts c) {
        double ha = entropy(c.prediction(), c.total());
        double hb = entropy(c.reference(), c.total());
        return ha == 0 && hb == 0 ? 1 : mutualInformation(c) / ((ha + hb) / 2);
    }

    /** H(A|B) + H(B|A), nats: Meila (2003). 0 to 2 ln 2. */
    public static double variationOfInformation(ConfusionCounts c) {
        return predictionGivenReferenceEntropy(c) + referenceGivenPredictionEntropy(c);
    }

    /** H(A|B), nats: what the prediction says that the reference does not (false splits). */
    public static double predictionGivenReferenceEntropy(ConfusionCounts c) {
        return conditional(c.tp(), c.fn(), c.total()) + conditional(c.fp(), c.tn(), c.total());
    }

    /** H(B|A), nats: what the reference says that the prediction does not (false merges). */
    public static double referenceGivenPredictionEntropy(ConfusionCounts c) {
        return conditional(c.tp(), c.fp(), c.total()) + conditional(c.fn(), c.tn(), c.total());
    }

    /**
     * Global consistency error: per voxel, the share of its region in one labelling that its region in the other leaves out; the mean
     * over voxels, of the two directions the smaller one (Martin et al., ICCV 2001). 0 to 1.
     */
    public static double globalConsistencyError(ConfusionCounts c) {
        double tp = c.tp();
        double fp = c.fp();
        double fn = c.fn();
        double tn = c.tn();
        double reference = orZero(2 * tp * fn, tp + fn) + orZero(2 * tn * fp, tn + fp);
        double prediction = orZero(2 * tp * fp, tp + fp) + orZero(2 * tn * fn, tn + fn);
        return Math.min(reference, prediction) / c.total();
    }

    private static double orZero(double numerator, double denominator) {
        return denominator == 0 ? 0 : numerator / denominator;
    }

    /**
     * Intraclass correlation of the two masks as ratings 0 and 1 of N voxels: (MSb - MSw) / (MSb + MSw), one-way random effects
     * with two raters (Shrout and Fleiss 1979, ICC(1,1)). -1 to 1.
     */
    public static double intraclassCorrelation(ConfusionCounts c) {
        double n = c.total();
        double grand = (c.prediction() + (double) c.reference()) / (2 * n);
        // A voxel's mean rating is 1 (tp), 1/2 (fp, fn) or 0 (tn); within it the ratings differ by 1 in fp and fn
        // alone.
        double between = 2
                / (n - 1)
                * (c.tp() * (1 - grand) * (1 - grand)
                        + (c.fp() + c.fn()) * (0.5 - grand) * (0.5 - grand)
                        + c.tn() * grand * grand);
        double within = (c.fp() + c.fn()) * 0.5 / n;
        return (between - within) / (between + within);
    }

    private static double pairs(double n) {
        return n * (n - 1) / 2;
    }

    /** a b - c d; exact as long as both products stay below 2^63. */
    private static double difference(long a, long b, long c, long d) {
        boolean small = Math.multiplyHigh(a, b) == 0 && a * b >= 0 && Math.multiplyHigh(c, d) == 0 && c * d >= 0;
        return small ? (double) (a * b - c * d) : (double) a * b - (double) c * d;
    }

    private static double information(double joint, double excess, double independent, double n) {
        return joint == 0 ? 0 : joint / n * Math.log1p(excess / independent);
    }

    private static double entropy(long a, long n) {
        return -(plogp(a / (double) n) + plogp((n - a) / (double) n));
    }

    private static double plogp(double p) {
        return p == 0 ? 0 : p * Math.log(p);
    }

    /** What two cells of one row or column add to a conditional entropy. */
    private static double conditional(double x, double y, double n) {
        double sum = x + y;
        return sum == 0 ? 0 : sum / n * (0 - plogp(x / sum) - plogp(y / sum));
    }
}
