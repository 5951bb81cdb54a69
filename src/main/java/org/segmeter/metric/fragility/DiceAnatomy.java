package org.segmeter.metric.fragility;

/**
 * Why a Dice value is what it is, and what one voxel more or less would make of it, from the confusion counts alone. With
 * S = 2 tp + fp + fn, D = 2 tp / S. At least one side has a voxel.
 */
public record DiceAnatomy(long tp, long fp, long fn, long voxels) {

    /**
     * @param tp voxels in both
     * @param fp voxels in the prediction only
     * @param fn voxels in the reference only
     * @param voxels of the evaluation box, at least tp + fp + fn
     * @throws IllegalArgumentException if a count is negative, both sides are empty or the box is too small
     */
    public DiceAnatomy {
        if (tp < 0 || fp < 0 || fn < 0 || tp + fp + fn == 0 || voxels < tp + fp + fn) {
            throw new IllegalArgumentException(
                    "no Dice of tp %d, fp %d, fn %d in %d voxels".formatted(tp, fp, fn, voxels));
        }
    }

    private double size() {
        return 2.0 * tp + fp + fn;
    }

    public double dice() {
        return 2 * tp / size();
    }

    /** The part of 1 - D that false positives cause: fp / S. */
    public double falsePositivePart() {
        return fp / size();
    }

    /** The part of 1 - D that misses cause: fn / S. */
    public double falseNegativePart() {
        return fn / size();
    }

    /** The part of 1 - D that the difference of volumes enforces: |fp - fn| / S. */
    public double volumePart() {
        return Math.abs(fp - fn) / size();
    }

    /** The part of 1 - D that the place of voxels causes, beyond their number: 2 min(fp, fn) / S. */
    public double placementPart() {
        return 2 * Math.min(fp, fn) / size();
    }

    /** Change of D by one more false positive: -D / (S + 1). */
    public double byOneMoreFalsePositive() {
        return -dice() / (size() + 1);
    }

    /** Change of D by one false positive removed, D / (S - 1); 0 if there is none. */
    public double byOneFalsePositiveRemoved() {
        return fp == 0 ? 0 : fp + fn + tp == 1 ? 0 : dice() / (size() - 1);
    }

    /** Change of D by one miss found, (2 - D) / (S + 1); 0 if there is none. */
    public double byOneMissFound() {
        return fn == 0 ? 0 : (2 - dice()) / (size() + 1);
    }

    /** Change of D by one found voxel missed, -(2 - D) / (S - 1); 0 if there is none. */
    public double byOneMoreMiss() {
        return tp == 0 ? 0 : -(2 - dice()) / (size() - 1);
    }

    /** Largest D that any placement of these two volumes a and b allows: 2 min(a, b) / (a + b). */
    public double ceiling() {
        double a = (double) tp + fp;
        double b = (double) tp + fn;
        return 2 * Math.min(a, b) / (a + b);
    }

    /** Expected Dice of two sets of these volumes placed at random in the box: 2 a b / (N (a + b)). */
    public double byChance() {
        double a = (double) tp + fp;
        double b = (double) tp + fn;
        return 2 * a * b / (voxels * (a + b));
    }

    /** (D - chance) / (1 - chance): 0 is what chance gives, 1 is perfect; NaN where chance is perfect. */
    public double aboveChance() {
        double chance = byChance();
        return (dice() - chance) / (1 - chance);
    }

    /**
     * The smallest number of voxels to correct so that D reaches a target: misses first, as each gains more than a false
     * positive removed.
     *
     * @param target in (0, 1]
     */
    public long voxelsToReach(double target) {
        if (!(target > 0 && target <= 1)) {
            throw new IllegalArgumentException("a target lies in (0, 1], not " + target);
        }
        long found = leastThat(fn, k -> 2.0 * (tp + k) >= target * (size() + k));
        if (found <= fn) {
            return found;
        }
        double twiceTp = 2.0 * (tp + fn);
        // With every error mended D is 1, unless the reference is empty: then no target can be reached but by
        // agreement.
        return fn + Math.min(fp, leastThat(fp, k -> twiceTp >= target * (twiceTp + fp - k)));
    }

    private interface Reached {
        boolean by(long corrections);
    }

    /** Smallest k in 0..most that is enough, most + 1 if none is. */
    private static long leastThat(long most, Reached reached) {
        long low = 0;
        long high = most + 1;
        while (low < high) {
            long middle = low + high >>> 1;
            if (reached.by(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
