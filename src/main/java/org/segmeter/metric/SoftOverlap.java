package org.segmeter.metric;

import org.jspecify.annotations.Nullable;
import org.segmeter.volume.Box;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Voxels;

/**
 * The sums over all voxels that Dice losses are made of, p the prediction and t the reference in [0, 1]. In double, compensated, in
 * the order of the voxels: the same to the last bit on every machine.
 *
 * @param product sum of p t
 * @param prediction sum of p
 * @param reference sum of t
 * @param predictionSquared sum of p^2
 * @param referenceSquared sum of t^2
 */
public record SoftOverlap(
        double product, double prediction, double reference, double predictionSquared, double referenceSquared) {

    /** Of two masks: a mask is a probability of 0 and 1. */
    public static SoftOverlap of(ConfusionCounts counts) {
        return new SoftOverlap(
                counts.tp(), counts.prediction(), counts.reference(), counts.prediction(), counts.reference());
    }

    /** Of masks or probabilities on one grid. */
    public static SoftOverlap of(Voxels prediction, Voxels reference) {
        if (prediction instanceof ProbabilityVolume p) {
            Sum product = new Sum();
            Sum first = new Sum();
            Sum squared = new Sum();
            @Nullable ProbabilityVolume other = reference instanceof ProbabilityVolume r ? r : null;
            @Nullable Mask mask = reference instanceof Mask m ? m : null;
            Box box = p.box();
            float[] values = p.values();
            int at = 0;
            for (int z = box.z0(); z < box.z1(); z++) {
                for (int y = box.y0(); y < box.y1(); y++) {
                    for (int x = box.x0(); x < box.x1(); x++) {
                        double value = values[at++];
                        if (value != 0) {
                            first.add(value);
                            squared.add(value * value);
                            double t = mask != null ? (mask.contains(x, y, z) ? 1 : 0) : at(other, x, y, z);
                            if (t != 0) {
                                product.add(value * t);
                            }
                        }
                    }
                }
            }
            if (mask != null) {
                double n = mask.count();
                return new SoftOverlap(product.value(), first.value(), n, squared.value(), n);
            }
            Sum second = new Sum();
            Sum secondSquared = new Sum();
            if (other != null) {
                for (float value : other.values()) {
                    second.add(value);
                    secondSquared.add((double) value * value);
                }
            }
            return new SoftOverlap(
                    product.value(), first.value(), second.value(), squared.value(), secondSquared.value());
        }
        if (reference instanceof ProbabilityVolume) {
            SoftOverlap swapped = of(reference, prediction);
            return new SoftOverlap(
                    swapped.product(),
                    swapped.reference(),
                    swapped.prediction(),
                    swapped.referenceSquared(),
                    swapped.predictionSquared());
        }
        Mask a = (Mask) prediction;
        Mask b = (Mask) reference;
        return new SoftOverlap(a.intersectionCount(b), a.count(), b.count(), a.count(), b.count());
    }

    /**
     * 1 - (2 sum(p t) + numerator) / (sums + denominator): linear sums as Drozdzal et al. (2016), squared as V-Net (Milletari et al.
     * 2016). The widely copied Keras form 1 - (2 sum(t p) + 1) / (sum(t t) + sum(p p) + 1) is squared with 1 and 1.
     *
     * @param squared if the sums of the denominator are of squares
     * @param numerator smoothing added to the numerator
     * @param denominator smoothing added to the denominator
     * @return NaN where the fraction is 0 / 0
     */
    public double diceLoss(boolean squared, double numerator, double denominator) {
        double sums = squared ? predictionSquared + referenceSquared : prediction + reference;
        return 1 - (2 * product + numerator) / (sums + denominator);
    }

    private static double at(@Nullable ProbabilityVolume volume, int x, int y, int z) {
        if (volume == null || !volume.box().contains(x, y, z)) {
            return 0;
        }
        Box b = volume.box();
        return volume.values()[((z - b.z0()) * b.ny() + (y - b.y0())) * b.nx() + x - b.x0()];
    }

    /** Neumaier's compensated summation. */
    private static final class Sum {
        private double sum;
        private double lost;

        void add(double value) {
            double t = sum + value;
            lost += Math.abs(sum) >= Math.abs(value) ? (sum - t) + value : (value - t) + sum;
            sum = t;
        }

        double value() {
            return sum + lost;
        }
    }
}
