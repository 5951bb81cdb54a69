package org.segmeter.metric;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/**
 * The confusion matrix of two labellings of the same voxels, each voxel in exactly one class of each: class 0 is the background, classes
 * 1 to n are segments that do not overlap. Exact integer counts; only cells with a voxel are kept. The measures are those of the
 * multi-class literature, over all n + 1 classes unless they say otherwise; NaN where a formula divides by zero.
 */
public final class ClassTable {

    /**
     * Voxels that are in one class of the reference and one of the prediction.
     *
     * @param reference class, 0 to n
     * @param prediction class, 0 to n
     * @param voxels above 0
     */
    public record Cell(int reference, int prediction, long voxels) {}

    /** How the generalised Dice weighs a class by its voxels in the reference. */
    public enum Weight {
        /** 1 / |B|^2. */
        SQUARE,
        /** 1 / |B|. */
        SIMPLE,
        /** 1. */
        UNIFORM
    }

    /** How the weighted kappa weighs a disagreement of two classes by their distance in the order of classes. */
    public enum Disagreement {
        /** 1 for all: Cohen (1960). */
        NONE,
        /** |i - j|. */
        LINEAR,
        /** (i - j)^2. */
        QUADRATIC
    }

    private final List<Cell> cells;
    private final long[] reference;
    private final long[] prediction;
    private final long[] agreed;
    private final long total;

    private ClassTable(List<Cell> cells, int classes) {
        this.cells = List.copyOf(cells);
        reference = new long[classes];
        prediction = new long[classes];
        agreed = new long[classes];
        long sum = 0;
        for (Cell c : cells) {
            reference[c.reference()] += c.voxels();
            prediction[c.prediction()] += c.voxels();
            if (c.reference() == c.prediction()) {
                agreed[c.reference()] += c.voxels();
            }
            sum = Math.addExact(sum, c.voxels());
        }
        total = sum;
    }

    /**
     * Completes the matrix by the background.
     *
     * @param overlaps voxels that a segment of the reference and one of the prediction share; segments are numbered from 1
     * @param reference voxels of each of the n segments, likewise {@code prediction}
     * @param voxels that are looked at
     * @throws IllegalArgumentException if the counts cannot be those of segments that do not overlap
     */
    public static ClassTable of(List<Cell> overlaps, long[] reference, long[] prediction, long voxels) {
        List<Cell> all = new ArrayList<>(overlaps);
        long[] r = reference.clone();
        long[] p = prediction.clone();
        for (Cell c : overlaps) {
            r[c.reference() - 1] -= c.voxels();
            p[c.prediction() - 1] -= c.voxels();
        }
        long background = voxels;
        for (long n : reference) {
            background -= n;
        }
        for (int i = 0; i < r.length; i++) {
            add(all, i + 1, 0, r[i]);
        }
        for (int i = 0; i < p.length; i++) {
            add(all, 0, i + 1, p[i]);
            background -= p[i];
        }
        add(all, 0, 0, background);
        return new ClassTable(all, reference.length + 1);
    }

    private static void add(List<Cell> cells, int reference, int prediction, long voxels) {
        if (voxels < 0) {
            throw new IllegalArgumentException("segments that overlap are no classes");
        }
        if (voxels > 0) {
            cells.add(new Cell(reference, prediction, voxels));
        }
    }

    /** One class against all others. */
    public ConfusionCounts counts(int cls) {
        long tp = agreed[cls];
        long fp = prediction[cls] - tp;
        long fn = reference[cls] - tp;
        return new ConfusionCounts(tp, fp, fn, total - tp - fp - fn);
    }

    /** Number of classes, the background among them. */
    public int classes() {
        return reference.length;
    }

    /** Share of voxels in the same class on both sides. 0 to 1. */
    public double accuracy() {
        return correct() / (double) total;
    }

    private long correct() {
        long n = 0;
        for (long a : agreed) {
            n += a;
        }
        return n;
    }

    /** The mean sensitivity of the classes that the reference has voxels of. 0 to 1. */
    public double balancedAccuracy() {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < reference.length; i++) {
            if (reference[i] > 0) {
                sum += agreed[i] / (double) reference[i];
                n++;
            }
        }
        return sum / n;
    }

    /** The mean of 1 - sensitivity over all classes: every error costs 1, every class counts alike. NaN if the reference lacks a class. */
    public double expectedCost() {
        double sum = 0;
        for (int i = 0; i < reference.length; i++) {
            sum += agreed[i] / (double) reference[i];
        }
        return 1 - sum / reference.length;
    }

    /** {@link #expectedCost} over that of the best constant answer, 1 - 1 / classes. 0 up. */
    public double normalisedExpectedCost() {
        return expectedCost() / (1 - 1.0 / reference.length);
    }

    /**
     * Cohen's kappa: 1 - observed over expected disagreement (Cohen 1960; weighted: Cohen 1968). Classes stand in the order of the
     * table, the background first. At most 1; 0 for chance agreement.
     */
    public double kappa(Disagreement weights) {
        double observed = 0;
        for (Cell c : cells) {
            observed += c.voxels() * weight(weights, c.reference(), c.prediction());
        }
        double n = total;
        double expected = 0;
        switch (weights) {
            case NONE -> {
                double same = 0;
                for (int i = 0; i < reference.length; i++) {
                    same += reference[i] / n * (prediction[i] / n);
                }
                expected = n * (1 - same);
            }
            case LINEAR -> {
                // |i - j| counts the steps between i and j: each step is crossed by those below on one side and above
                // on the other.
                double r = 0;
                double p = 0;
                for (int i = 0; i + 1 < reference.length; i++) {
                    r += reference[i];
                    p += prediction[i];
                    expected += r / n * (n - p) + p / n * (n - r);
                }
            }
            case QUADRATIC -> {
                double r1 = 0;
                double p1 = 0;
                double squares = 0;
                for (int i = 0; i < reference.length; i++) {
                    r1 += (double) i * reference[i];
                    p1 += (double) i * prediction[i];
                    squares += (double) i * i * ((double) reference[i] + prediction[i]);
                }
                expected = squares - 2 * r1 * (p1 / n);
            }
        }
        return 1 - observed / expected;
    }

    private static double weight(Disagreement weights, int i, int j) {
        double d = Math.abs(i - j);
        return switch (weights) {
            case NONE -> i == j ? 0 : 1;
            case LINEAR -> d;
            case QUADRATIC -> d * d;
        };
    }

    /** The correlation of two labellings: R_K of Gorodkin (2004), which is Matthews' coefficient for two classes. -1 to 1. */
    public double matthews() {
        BigInteger n = BigInteger.valueOf(total);
        BigInteger covariance = BigInteger.valueOf(correct()).multiply(n).subtract(products(reference, prediction));
        double r = n.multiply(n).subtract(products(reference, reference)).doubleValue();
        double p = n.multiply(n).subtract(products(prediction, prediction)).doubleValue();
        return covariance.doubleValue() / (Math.sqrt(r) * Math.sqrt(p));
    }

    private static BigInteger products(long[] a, long[] b) {
        BigInteger sum = BigInteger.ZERO;
        for (int i = 0; i < a.length; i++) {
            if (a[i] != 0 && b[i] != 0) {
                sum = sum.add(BigInteger.valueOf(a[i]).multiply(BigInteger.valueOf(b[i])));
            }
        }
        return sum;
    }

    /**
     * The generalised Dice over several classes: 2 sum w TP / sum w (|A| + |B|) (Crum et al. 2006; Sudre et al. 2017). A class that is
     * absent from the reference has an infinite weight; it takes the largest of the finite ones, or 0 if there is none, as in MONAI.
     *
     * @param background true if the background is one of the classes
     * @return 0 to 1; where nothing has weight 1 if the prediction is empty too, else 0
     */
    public double generalizedDice(Weight weight, boolean background) {
        int first = background ? 0 : 1;
        double largest = 0;
        for (int i = first; i < reference.length; i++) {
            double w = weight(weight, reference[i]);
            largest = Double.isFinite(w) ? Math.max(largest, w) : largest;
        }
        double numerator = 0;
        double denominator = 0;
        long predicted = 0;
        for (int i = first; i < reference.length; i++) {
            double w = weight(weight, reference[i]);
            w = Double.isFinite(w) ? w : largest;
            numerator += w * 2 * agreed[i];
            denominator += w * ((double) reference[i] + prediction[i]);
            predicted += prediction[i];
        }
        if (denominator == 0) {
            return predicted == 0 ? 1 : 0;
        }
        return numerator / denominator;
    }

    private static double weight(Weight weight, long voxels) {
        return switch (weight) {
            case SQUARE -> 1 / ((double) voxels * voxels);
            case SIMPLE -> 1 / (double) voxels;
            case UNIFORM -> 1;
        };
    }

    /** Share of voxel pairs that both labellings put together or both put apart: Rand (1971). 0 to 1. */
    public double randIndex() {
        double all = pairs(total);
        return (all + 2 * together() - pairs(reference) - pairs(prediction)) / all;
    }

    /** The Rand index corrected for chance: Hubert and Arabie (1985). At most 1; 1 where both labellings are trivial and equal. */
    public double adjustedRandIndex() {
        double same = together();
        double r = pairs(reference);
        double p = pairs(prediction);
        if (r == same && p == same) {
            return 1;
        }
        double expected = r * (p / pairs(total));
        return (same - expected) / ((r + p) / 2 - expected);
    }

    private double together() {
        double sum = 0;
        for (Cell c : cells) {
            sum += pairs(c.voxels());
        }
        return sum;
    }

    private static double pairs(long[] sizes) {
        double sum = 0;
        for (long n : sizes) {
            sum += pairs(n);
        }
        return sum;
    }

    private static double pairs(double n) {
        return n * (n - 1) / 2;
    }

    /** Mutual information of the two labellings, nats. 0 up. */
    public double mutualInformation() {
        double n = total;
        double sum = 0;
        for (Cell c : cells) {
            double independent = reference[c.reference()] * (prediction[c.prediction()] / n);
            sum += c.voxels() / n * Math.log(c.voxels() / independent);
        }
        return Math.max(0, sum);
    }

    /** Mutual information over the mean of the two entropies. 0 to 1; 1 where both labellings are one class. */
    public double normalisedMutualInformation() {
        double r = entropy(reference);
        double p = entropy(prediction);
        return r == 0 && p == 0 ? 1 : mutualInformation() / ((r + p) / 2);
    }

    private double entropy(long[] sizes) {
        double sum = 0;
        for (long size : sizes) {
            sum -= size == 0 ? 0 : size / (double) total * Math.log(size / (double) total);
        }
        return Math.max(0, sum);
    }

    /** H(A|B) + H(B|A), nats: Meila (2003). 0 up. */
    public double variationOfInformation() {
        return predictionGivenReferenceEntropy() + referenceGivenPredictionEntropy();
    }

    /** H(A|B), nats: what the prediction says that the reference does not. */
    public double predictionGivenReferenceEntropy() {
        double sum = 0;
        for (Cell c : cells) {
            sum -= c.voxels() / (double) total * Math.log(c.voxels() / (double) reference[c.reference()]);
        }
        return Math.max(0, sum);
    }

    /** H(B|A), nats: what the reference says that the prediction does not. */
    public double referenceGivenPredictionEntropy() {
        double sum = 0;
        for (Cell c : cells) {
            sum -= c.voxels() / (double) total * Math.log(c.voxels() / (double) prediction[c.prediction()]);
        }
        return Math.max(0, sum);
    }

    /** Global consistency error (Martin et al., ICCV 2001): the smaller direction's mean share of a voxel's class left out. 0 to 1. */
    public double globalConsistencyError() {
        double byReference = 0;
        double byPrediction = 0;
        for (Cell c : cells) {
            double r = reference[c.reference()];
            double p = prediction[c.prediction()];
            byReference += c.voxels() * ((r - c.voxels()) / r);
            byPrediction += c.voxels() * ((p - c.voxels()) / p);
        }
        return Math.min(byReference, byPrediction) / total;
    }
}
