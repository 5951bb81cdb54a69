package org.segmeter.metric.loss;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A loss of one channel that depends on the sums of the channel alone. The value is NaN where the definition gives 0/0 (both
 * sides empty and no smoothing); a scorecard turns that into a state.
 */
public sealed interface RegionLoss {

    /** The loss: to be minimised, 0 for a perfect prediction (unless smoothing is placed otherwise). */
    double of(SoftSums s);

    /** The partial derivatives of the loss by the sums. */
    Partials partials(SoftSums s);

    /** The metric name of the catalogue, for example {@code dice_loss}. */
    String name();

    /** What the value depends on, in a fixed order. */
    Map<String, Object> parameters();

    /** Derivatives of a loss by the sums tp, fp, fn, tp2, fp2, fn2, tn and, as far as it enters by itself, p^2. */
    record Partials(double tp, double fp, double fn, double tn, double tp2, double fp2, double fn2, double pp) {
        static Partials ofCounts(double tp, double fp, double fn) {
            return new Partials(tp, fp, fn, 0, 0, 0, 0, 0);
        }

        Partials times(double factor) {
            return new Partials(
                    times(tp, factor),
                    times(fp, factor),
                    times(fn, factor),
                    times(tn, factor),
                    times(tp2, factor),
                    times(fp2, factor),
                    times(fn2, factor),
                    times(pp, factor));
        }

        /** What does not enter stays out of it where a slope has no bound. */
        private static double times(double partial, double factor) {
            return partial == 0 ? 0 : partial * factor;
        }

        Partials plus(Partials other) {
            return new Partials(
                    tp + other.tp,
                    fp + other.fp,
                    fn + other.fn,
                    tn + other.tn,
                    tp2 + other.tp2,
                    fp2 + other.fp2,
                    fn2 + other.fn2,
                    pp + other.pp);
        }

        /** What the derivatives by the sums of the background, 1 - p against 1 - g, are by those of the structure itself. */
        Partials ofBackground() {
            if (tp2 != 0 || fp2 != 0 || fn2 != 0 || pp != 0) {
                throw new IllegalArgumentException("the square of 1 - p is not among the sums");
            }
            return new Partials(tn, fn, fp, tp, 0, 0, 0, 0);
        }
    }

    /**
     * Soft Dice with the linear (Drozdzal et al. 2016) or squared (Milletari et al. 2016, V-Net) denominator:
     * 1 - (2 sum(pg) + smoothNumerator) / max(S + smoothDenominator, denominatorFloor), S = sum(p) + sum(g) or
     * sum(p^2) + sum(g^2).
     *
     * @param denominatorFloor 0 for none
     */
    record Dice(boolean squared, double smoothNumerator, double smoothDenominator, double denominatorFloor)
            implements RegionLoss {

        /** MONAI's {@code DiceLoss}: the same smoothing in both places. */
        public static Dice linear(double smooth) {
            return new Dice(false, smooth, smooth, 0);
        }

        public static Dice squared(double smooth) {
            return new Dice(true, smooth, smooth, 0);
        }

        /** V-Net: squared, no smoothing. */
        public static Dice vnet() {
            return new Dice(true, 0, 0, 0);
        }

        /** The form of many Keras examples: exactly 1 - (2 sum(tp) + 1) / (sum(t t) + sum(p p) + 1). */
        public static Dice keras() {
            return new Dice(true, 1, 1, 0);
        }

        @Override
        public double of(SoftSums s) {
            double size = size(s) + smoothDenominator;
            if (denominatorFloor > 0 && size < denominatorFloor) {
                return 1 - (2 * s.tp() + smoothNumerator) / denominatorFloor;
            }
            // (size - numerator) / size keeps the digits of a loss near 0 that 1 - score would lose.
            double errors = squared ? s.l2() : s.fp() + s.fn();
            return (errors + (smoothDenominator - smoothNumerator)) / size;
        }

        private double size(SoftSums s) {
            return squared ? s.pp() + s.gg() : s.p() + s.g();
        }

        @Override
        public Partials partials(SoftSums s) {
            double size = size(s) + smoothDenominator;
            if (denominatorFloor > 0 && size < denominatorFloor) {
                return Partials.ofCounts(-2 / denominatorFloor, 0, 0);
            }
            double score = (2 * s.tp() + smoothNumerator) / size;
            if (squared) {
                return new Partials(-2 / size, 0, 0, 0, 0, 0, 0, score / size);
            }
            return Partials.ofCounts((2 * score - 2) / size, score / size, score / size);
        }

        @Override
        public String name() {
            return squared ? "dice_loss_squared" : "dice_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>();
            p.put("denominator", squared ? "squared" : "linear");
            p.put("smoothNumerator", smoothNumerator);
            p.put("smoothDenominator", smoothDenominator);
            if (denominatorFloor > 0) {
                p.put("denominatorFloor", denominatorFloor);
            }
            return p;
        }
    }

    /**
     * Soft Jaccard: 1 - (sum(pg) + smoothNumerator) / max(sum(p) + sum(g) - sum(pg) + smoothDenominator, denominatorFloor).
     * MONAI doubles both sums before it smooths: its smoothing s is s/2 here.
     */
    record Jaccard(double smoothNumerator, double smoothDenominator, double denominatorFloor) implements RegionLoss {

        public static Jaccard smooth(double smooth) {
            return new Jaccard(smooth, smooth, 0);
        }

        @Override
        public double of(SoftSums s) {
            double union = s.tp() + s.fp() + s.fn() + smoothDenominator;
            if (denominatorFloor > 0 && union < denominatorFloor) {
                return 1 - (s.tp() + smoothNumerator) / denominatorFloor;
            }
            return (s.fp() + s.fn() + (smoothDenominator - smoothNumerator)) / union;
        }

        @Override
        public Partials partials(SoftSums s) {
            double union = s.tp() + s.fp() + s.fn() + smoothDenominator;
            if (denominatorFloor > 0 && union < denominatorFloor) {
                return Partials.ofCounts(-1 / denominatorFloor, 0, 0);
            }
            double score = (s.tp() + smoothNumerator) / union;
            return Partials.ofCounts((score - 1) / union, score / union, score / union);
        }

        @Override
        public String name() {
            return "jaccard_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>();
            p.put("smoothNumerator", smoothNumerator);
            p.put("smoothDenominator", smoothDenominator);
            if (denominatorFloor > 0) {
                p.put("denominatorFloor", denominatorFloor);
            }
            return p;
        }
    }

    /**
     * Tversky (Salehi et al. 2017): 1 - (tp + s) / max(tp + alpha fp + beta fn + s, denominatorFloor). Alpha weighs false
     * positives and beta misses, as in MONAI and smp; Yeung's delta is beta.
     */
    record Tversky(double alpha, double beta, double smooth, double denominatorFloor) implements RegionLoss {

        public static Tversky of(double alpha, double beta, double smooth) {
            return new Tversky(alpha, beta, smooth, 0);
        }

        /** The asymmetric similarity loss of Hashemi et al. 2018: an F-beta score with alpha = 1 / (1 + b^2). */
        public static Tversky asymmetricSimilarity(double b, double smooth) {
            return new Tversky(1 / (1 + b * b), b * b / (1 + b * b), smooth, 0);
        }

        @Override
        public double of(SoftSums s) {
            double size = s.tp() + alpha * s.fp() + beta * s.fn() + smooth;
            if (denominatorFloor > 0 && size < denominatorFloor) {
                return 1 - (s.tp() + smooth) / denominatorFloor;
            }
            return (alpha * s.fp() + beta * s.fn()) / size;
        }

        @Override
        public Partials partials(SoftSums s) {
            double size = s.tp() + alpha * s.fp() + beta * s.fn() + smooth;
            if (denominatorFloor > 0 && size < denominatorFloor) {
                return Partials.ofCounts(-1 / denominatorFloor, 0, 0);
            }
            double score = (s.tp() + smooth) / size;
            return Partials.ofCounts((score - 1) / size, alpha * score / size, beta * score / size);
        }

        @Override
        public String name() {
            return "tversky_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>();
            p.put("alphaFalsePositive", alpha);
            p.put("betaFalseNegative", beta);
            p.put("smooth", smooth);
            if (denominatorFloor > 0) {
                p.put("denominatorFloor", denominatorFloor);
            }
            return p;
        }
    }

    /**
     * Focal Tversky (Abraham 2018): the Tversky loss to an exponent. Abraham writes the exponent 1/gamma (gamma = 4/3),
     * Yeung's code and SegLossOdyssey write it as it is (0.75): the same number.
     */
    record FocalTversky(Tversky tversky, double exponent) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return Math.pow(tversky.of(s), exponent);
        }

        @Override
        public Partials partials(SoftSums s) {
            return tversky.partials(s).times(exponent * Math.pow(tversky.of(s), exponent - 1));
        }

        @Override
        public String name() {
            return "focal_tversky_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>(tversky.parameters());
            p.put("exponent", exponent);
            p.put("gammaOfAbraham", 1 / exponent);
            return p;
        }
    }

    /** log(cosh(Dice loss)) (Jadon 2020). */
    record LogCoshDice(Dice dice) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return new VoxelTerm.LogCosh().at(dice.of(s), 0);
        }

        @Override
        public Partials partials(SoftSums s) {
            return dice.partials(s).times(Math.tanh(dice.of(s)));
        }

        @Override
        public String name() {
            return "log_cosh_dice_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            return dice.parameters();
        }
    }

    /**
     * Sensitivity-specificity (Brosch et al. 2015): r sum((p - g)^2 g) / (sum(g) + s) + (1 - r) sum((p - g)^2 (1 - g)) /
     * (sum(1 - g) + s). For a soft reference the squared products (1 - p)g and p(1 - g) stand for the squared errors.
     *
     * @param r weight of the misses
     */
    record SensitivitySpecificity(double r, double smooth) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return share(r, s.fn2(), s.g()) + share(1 - r, s.fp2(), s.voxels() - s.g());
        }

        private double share(double weight, double errors, double size) {
            // A side without voxels has no errors: it adds nothing, with or without smoothing.
            return errors == 0 ? 0 : weight * errors / (size + smooth);
        }

        @Override
        public Partials partials(SoftSums s) {
            return new Partials(0, 0, 0, 0, 0, (1 - r) / (s.voxels() - s.g() + smooth), r / (s.g() + smooth), 0);
        }

        @Override
        public String name() {
            return "sensitivity_specificity_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>();
            p.put("r", r);
            p.put("smooth", smooth);
            return p;
        }
    }

    /**
     * Dice semimetric (Wang et al. 2023): 1 - (|p| + |g| - |p - g| + s) / (|p| + |g| + s) with 1-norms. For a hard
     * reference it is the linear Dice loss; for a soft one it is 0 exactly where p = g, which the Dice loss is not.
     */
    record SemimetricDice(double smooth) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return s.l1() / (s.p() + s.g() + smooth);
        }

        @Override
        public Partials partials(SoftSums s) {
            return Dice.linear(smooth).partials(s);
        }

        @Override
        public String name() {
            return "dice_semimetric_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            return Map.of("smooth", smooth);
        }
    }

    /**
     * SegLossOdyssey's Dice with {@code square=True}: tp, fp and fn are squared voxel by voxel:
     * 1 - (2 tp2 + s) / (2 tp2 + fp2 + fn2 + s). Not V-Net's.
     */
    record VoxelSquaredDice(double smooth) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return (s.fp2() + s.fn2()) / (2 * s.tp2() + s.fp2() + s.fn2() + smooth);
        }

        @Override
        public Partials partials(SoftSums s) {
            double size = 2 * s.tp2() + s.fp2() + s.fn2() + smooth;
            double score = (2 * s.tp2() + smooth) / size;
            return new Partials(0, 0, 0, 0, (2 * score - 2) / size, score / size, score / size, 0);
        }

        @Override
        public String name() {
            return "dice_loss_voxel_squared";
        }

        @Override
        public Map<String, Object> parameters() {
            return Map.of("smooth", smooth);
        }
    }

    /** 1 - Matthews correlation of the soft counts, each with epsilon added (segmentation_models.pytorch). */
    record Mcc(double epsilon) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            double tp = s.tp() + epsilon;
            double fp = s.fp() + epsilon;
            double fn = s.fn() + epsilon;
            double tn = s.tn() + epsilon;
            return 1 - (tp * tn - fp * fn) / root(tp, fp, fn, tn);
        }

        private static double root(double tp, double fp, double fn, double tn) {
            return Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
        }

        @Override
        public Partials partials(SoftSums s) {
            double tp = s.tp() + epsilon;
            double fp = s.fp() + epsilon;
            double fn = s.fn() + epsilon;
            double tn = s.tn() + epsilon;
            double root = root(tp, fp, fn, tn);
            double half = 0.5 * (tp * tn - fp * fn) / root;
            double a = half / (tp + fp);
            double b = half / (tp + fn);
            double c = half / (tn + fp);
            double d = half / (tn + fn);
            return new Partials(a + b - tn / root, a + c + fn / root, b + d + fp / root, c + d - tp / root, 0, 0, 0, 0);
        }

        @Override
        public String name() {
            return "mcc_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            return Map.of("epsilon", epsilon);
        }
    }

    /** Minus the score instead of 1 minus the score, as nnU-Net and SegLossOdyssey return it: in -1..0. */
    record NegatedScore(RegionLoss loss) implements RegionLoss {

        /** nnU-Net's {@code MemoryEfficientSoftDiceLoss}; its trainer sets a smoothing of 1e-5, the class itself 1. */
        public static NegatedScore nnUNet(double smooth) {
            return new NegatedScore(new Dice(false, smooth, smooth, 1e-8));
        }

        @Override
        public double of(SoftSums s) {
            return loss.of(s) - 1;
        }

        @Override
        public Partials partials(SoftSums s) {
            return loss.partials(s);
        }

        @Override
        public String name() {
            return "nnunet_" + loss.name();
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>(loss.parameters());
            p.put("value", "minus the score");
            return p;
        }
    }

    /** Generalised Dice of two classes: a structure and everything else, 1 - p against 1 - g. */
    record GeneralizedDiceWithRest(GeneralizedDice loss) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return loss.of(List.of(s.background(), s));
        }

        @Override
        public Partials partials(SoftSums s) {
            List<Partials> classes = loss.partials(List.of(s.background(), s));
            return classes.getLast().plus(classes.getFirst().ofBackground());
        }

        @Override
        public String name() {
            return "generalized_dice_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            return loss.parameters();
        }
    }

    /**
     * Focal Tversky of a structure and its background (Yeung et al. 2022): the mean of (1 - T)^(1 - gamma) of both, or of 1 - T of
     * the background and (1 - T)^(1 - gamma) of the structure.
     *
     * @param symmetric whether gamma holds for the background too
     */
    record FocalTverskyWithRest(Tversky tversky, double gamma, boolean symmetric) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            double background = tversky.of(s.background());
            return 0.5 * ((symmetric ? focused(background) : background) + focused(tversky.of(s)));
        }

        private double focused(double loss) {
            return loss == 0 ? 0 : Math.pow(loss, 1 - gamma);
        }

        @Override
        public Partials partials(SoftSums s) {
            SoftSums rest = s.background();
            Partials ofRest = tversky.partials(rest).ofBackground();
            return tversky.partials(s)
                    .times(slope(tversky.of(s)))
                    .plus(symmetric ? ofRest.times(slope(tversky.of(rest))) : ofRest)
                    .times(0.5);
        }

        private double slope(double loss) {
            return (1 - gamma) * Math.pow(loss, -gamma);
        }

        @Override
        public String name() {
            return symmetric ? "symmetric_focal_tversky_loss" : "asymmetric_focal_tversky_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>(tversky.parameters());
            p.put("gamma", gamma);
            return p;
        }
    }

    /** The part of the exponential logarithmic loss (Wong et al. 2018) that the sums make: the mean of (-log Dice)^gamma of both. */
    record LogPowerDiceWithRest(Dice dice, double gamma) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return 0.5 * (Math.pow(surprise(s), gamma) + Math.pow(surprise(s.background()), gamma));
        }

        private double surprise(SoftSums s) {
            double score = 1 - dice.of(s);
            return score <= 0 ? Surprise.LARGEST : Math.max(0, Surprise.of(score));
        }

        @Override
        public Partials partials(SoftSums s) {
            return slope(s).plus(slope(s.background()).ofBackground()).times(0.5);
        }

        private Partials slope(SoftSums s) {
            return dice.partials(s).times(gamma * Math.pow(surprise(s), gamma - 1) / (1 - dice.of(s)));
        }

        @Override
        public String name() {
            return "exponential_logarithmic_loss";
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>(dice.parameters());
            p.put("gamma", gamma);
            return p;
        }
    }

    /** 0 where the reference has no voxel, whatever is predicted (segmentation_models.pytorch). */
    record ZeroWithoutReference(RegionLoss loss) implements RegionLoss {
        @Override
        public double of(SoftSums s) {
            return s.g() == 0 ? 0 : loss.of(s);
        }

        @Override
        public Partials partials(SoftSums s) {
            return s.g() == 0 ? Partials.ofCounts(0, 0, 0) : loss.partials(s);
        }

        @Override
        public String name() {
            return loss.name();
        }

        @Override
        public Map<String, Object> parameters() {
            Map<String, Object> p = new LinkedHashMap<>(loss.parameters());
            p.put("referenceEmpty", 0);
            return p;
        }
    }
}
