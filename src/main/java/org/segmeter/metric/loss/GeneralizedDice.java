package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Generalised Dice (Sudre et al. 2017) over several classes: 1 - (2 sum_l w_l tp_l + smoothNumerator) /
 * max(sum_l w_l (p_l + g_l) + smoothDenominator, denominatorFloor), with p_l, g_l, tp_l the sums of a class.
 *
 * <p>The implementations in use differ in how they keep a weight finite where a class has no reference voxel, and a smoothing
 * of 1e-5 is not small against weights of 1/n^2: the rule is part of the value.
 *
 * @param weighting of a class by its reference volume
 * @param guard how a weight stays finite
 * @param smoothNumerator added to the doubled, weighted intersection
 * @param classFloor smallest weighted size of a class; 0 for none
 * @param denominatorFloor smallest denominator; 0 for none
 */
public record GeneralizedDice(
        Weighting weighting,
        Guard guard,
        double smoothNumerator,
        double smoothDenominator,
        double classFloor,
        double denominatorFloor) {

    /** The weight of a class with reference volume n. */
    public enum Weighting {
        /** 1/n^2 */
        SQUARE,
        /** 1/n */
        SIMPLE,
        /** 1 */
        UNIFORM
    }

    /** How the weight of a class without reference stays finite. */
    public sealed interface Guard {
        /** It gets the largest of the finite weights (MONAI); 0 if there is none. */
        record LargestFinite() implements Guard {}

        /** The volume is n + offset (SegLossOdyssey, 1e-10). */
        record Offset(double offset) implements Guard {}

        /** n, or n^2, is at least floor (pytorch-3dunet 1e-6, SegLossOdyssey's second variant 1e-5). */
        record Floor(double floor) implements Guard {}
    }

    /** MONAI's {@code GeneralizedDiceLoss}. */
    public static GeneralizedDice monai(Weighting weighting, double smooth) {
        return new GeneralizedDice(weighting, new Guard.LargestFinite(), smooth, smooth, 0, 0);
    }

    /** @throws IllegalArgumentException without a class */
    public double of(List<SoftSums> classes) {
        if (classes.isEmpty()) {
            throw new IllegalArgumentException("generalised Dice needs at least one class");
        }
        return 1 - ratio(classes, weights(classes)).score();
    }

    /**
     * @param denominator no less than its floor
     * @param isFloored whether it is the floor, which no prediction changes
     */
    private record Ratio(double score, double denominator, boolean isFloored) {}

    private Ratio ratio(List<SoftSums> classes, double[] weights) {
        double intersection = 0;
        double size = 0;
        for (int i = 0; i < weights.length; i++) {
            SoftSums s = classes.get(i);
            intersection += weights[i] * s.tp();
            size += Math.max(classFloor, weights[i] * (s.p() + s.g()));
        }
        double denominator = Math.max(size + smoothDenominator, denominatorFloor);
        return new Ratio(
                (2 * intersection + smoothNumerator) / denominator,
                denominator,
                size + smoothDenominator < denominatorFloor);
    }

    /**
     * The partial derivatives by the sums of each class. The weights follow from the reference, which no prediction changes: they
     * are constants here.
     */
    List<RegionLoss.Partials> partials(List<SoftSums> classes) {
        double[] weights = weights(classes);
        Ratio ratio = ratio(classes, weights);
        List<RegionLoss.Partials> partials = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            SoftSums s = classes.get(i);
            boolean constant = ratio.isFloored() || weights[i] * (s.p() + s.g()) < classFloor;
            double bySize = constant ? 0 : ratio.score() * weights[i] / ratio.denominator();
            partials.add(
                    RegionLoss.Partials.ofCounts(2 * bySize - 2 * weights[i] / ratio.denominator(), bySize, bySize));
        }
        return partials;
    }

    private double[] weights(List<SoftSums> classes) {
        double[] weights = new double[classes.size()];
        double largest = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = weight(classes.get(i).g());
            if (weights[i] < Double.POSITIVE_INFINITY) {
                largest = Math.max(largest, weights[i]);
            }
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.min(weights[i], weights[i] == Double.POSITIVE_INFINITY ? largest : weights[i]);
        }
        return weights;
    }

    private double weight(double volume) {
        double n = guard instanceof Guard.Offset o ? volume + o.offset() : volume;
        double power = switch (weighting) {
            case SQUARE -> n * n;
            case SIMPLE -> n;
            case UNIFORM -> 1;
        };
        return 1 / (guard instanceof Guard.Floor f ? Math.max(power, f.floor()) : power);
    }

    /** The name of its gradient in a report: there the weighting has no parameter to stand in. */
    String gradientName() {
        return switch (weighting) {
            case SQUARE -> "generalized_dice_loss";
            case SIMPLE -> "generalized_dice_loss_by_volume";
            case UNIFORM -> "generalized_dice_loss_unweighted";
        };
    }

    /** What the value depends on, in a fixed order. */
    public Map<String, Object> parameters() {
        Map<String, Object> p = new LinkedHashMap<>();
        p.put(
                "weighting",
                switch (weighting) {
                    case SQUARE -> "1/n^2";
                    case SIMPLE -> "1/n";
                    case UNIFORM -> "1";
                });
        p.put(
                "weightOfAnAbsentClass",
                switch (guard) {
                    case Guard.LargestFinite l -> "largest of the others";
                    case Guard.Offset o -> "volume + " + o.offset();
                    case Guard.Floor f -> "at least " + f.floor();
                });
        p.put("smoothNumerator", smoothNumerator);
        p.put("smoothDenominator", smoothDenominator);
        return p;
    }
}
