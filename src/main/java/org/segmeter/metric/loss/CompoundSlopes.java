package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.loss.GeneralizedDice.Weighting;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.metric.loss.RegionLoss.GeneralizedDiceWithRest;
import org.segmeter.metric.loss.RegionLoss.LogPowerDiceWithRest;
import org.segmeter.metric.loss.RegionLoss.Partials;
import org.segmeter.metric.loss.VoxelTerm.ClippedCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.ClippedError;
import org.segmeter.metric.loss.VoxelTerm.ClippedFocal;
import org.segmeter.metric.loss.VoxelTerm.CrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.Focal;
import org.segmeter.metric.loss.VoxelTerm.LogPower;
import org.segmeter.metric.loss.VoxelTerm.Slope;
import org.segmeter.metric.loss.VoxelTerm.Sloped;

/**
 * What the gradient of a loss is made of that adds means over voxels to a function of the sums of a channel.
 *
 * @param region the partial derivatives of that function by tp, fp, fn and tn; those by squares are 0
 * @param clip if positive, the sums are of probabilities kept in [clip, 1 - clip], and other voxels have no slope
 * @param onReference what is added for each voxel of the reference; null for nothing
 * @param elsewhere likewise for each other voxel
 */
record CompoundSlopes(
        Partials region,
        double clip,
        @Nullable VoxelPart onReference,
        @Nullable VoxelPart elsewhere) {

    private static final Partials NO_REGION = Partials.ofCounts(0, 0, 0);

    /**
     * A term of each voxel with its weight in the loss.
     *
     * @param weight with the number of voxels that the mean divides by
     */
    record VoxelPart(Sloped term, double weight) {}

    CompoundSlopes {
        region.ofBackground();
    }

    /** Of a loss that adds the same mean over all voxels. */
    private static CompoundSlopes mean(Partials region, Sloped term, ChannelStatistics s) {
        VoxelPart part = new VoxelPart(term, 1.0 / s.sums().voxels());
        return new CompoundSlopes(region, 0, part, part);
    }

    /** Of a class among several, whose terms are those of its reference alone. */
    static CompoundSlopes ofClass(Partials region, Sloped term, double weight) {
        return new CompoundSlopes(region, 0, new VoxelPart(term, weight), null);
    }

    /** The terms that a pass has to sum for all of them. */
    static List<VoxelTerm> terms(LossSettings settings) {
        double clip = LossLaboratory.CLIP;
        List<VoxelTerm> terms = new ArrayList<>();
        for (Sloped term : List.of(
                new CrossEntropy(),
                new Focal(settings.focalGamma()),
                new LogPower(LossLaboratory.LOG_POWER),
                new ClippedCrossEntropy(clip),
                new ClippedFocal(0.5, clip),
                new ClippedFocal(2, clip))) {
            for (boolean throughSigmoid : new boolean[] {false, true}) {
                terms.add(new Slope(term, 1, throughSigmoid));
                terms.add(new Slope(term, 2, throughSigmoid));
            }
        }
        terms.add(new Slope(new ClippedError(clip), 1, false));
        terms.add(new Slope(new ClippedError(clip), 2, true));
        return terms;
    }

    /** Of the losses of one channel, by the name of the gradient. */
    static Map<String, CompoundSlopes> ofChannel(ChannelStatistics s, LossSettings settings) {
        Map<String, CompoundSlopes> all = new LinkedHashMap<>();
        double n = s.sums().voxels();
        Partials dice = Dice.linear(settings.smooth()).partials(s.sums());
        Focal focal = new Focal(settings.focalGamma());
        all.put("dice_ce_loss", mean(dice, new CrossEntropy(), s));
        all.put("dice_focal_loss", mean(dice, focal, s));
        GeneralizedDice generalized = GeneralizedDice.monai(Weighting.SQUARE, settings.smooth());
        all.put(
                "generalized_dice_focal_loss",
                mean(new GeneralizedDiceWithRest(generalized).partials(s.sums()), focal, s));
        VoxelPart half = new VoxelPart(new CrossEntropy(), 0.25 / n);
        all.put("combo_loss", new CompoundSlopes(dice.times(0.5), 0, half, half));
        all.put("exponential_logarithmic_loss", exponentialLogarithmic(s, settings.smooth()));
        for (boolean symmetric : new boolean[] {false, true}) {
            String prefix = symmetric ? "symmetric_" : "asymmetric_";
            all.put(prefix + "focal_loss", unified(s, 1, LossLaboratory.DELTA, 2, symmetric));
            all.put(
                    prefix + "focal_tversky_loss",
                    unified(s, 0, LossLaboratory.DELTA, LossLaboratory.GAMMA, symmetric));
            all.put(prefix + "unified_focal_loss", unified(s, 0.5, 0.6, 0.5, symmetric));
        }
        all.put("asymmetric_unified_focal_loss_delta_07", unified(s, 0.5, LossLaboratory.DELTA, 0.5, false));
        return all;
    }

    private static CompoundSlopes exponentialLogarithmic(ChannelStatistics s, double smooth) {
        double n = s.sums().voxels();
        LogPower term = new LogPower(LossLaboratory.LOG_POWER);
        return new CompoundSlopes(
                new LogPowerDiceWithRest(Dice.linear(smooth), LossLaboratory.LOG_POWER)
                        .partials(s.sums())
                        .times(0.8),
                0,
                labelWeighted(term, s.sums().g(), n),
                labelWeighted(term, n - s.sums().g(), n));
    }

    private static @Nullable VoxelPart labelWeighted(Sloped term, double volume, double n) {
        return volume == 0 ? null : new VoxelPart(term, 0.2 * Math.sqrt(n / volume) / n);
    }

    /** Unified focal: weight times the focal loss and the rest of 1 times the focal Tversky loss. */
    private static CompoundSlopes unified(
            ChannelStatistics s, double weight, double delta, double gamma, boolean symmetric) {
        double clip = LossLaboratory.CLIP;
        double n = s.sums().voxels();
        Partials region = weight == 1
                ? NO_REGION
                : VoxelLosses.focalTversky(delta, gamma, clip, symmetric)
                        .partials(VoxelLosses.clipped(s, clip))
                        .times(1 - weight);
        if (weight == 0) {
            return new CompoundSlopes(region, clip, null, null);
        }
        ClippedFocal focal = new ClippedFocal(gamma, clip);
        return new CompoundSlopes(
                region,
                clip,
                new VoxelPart(symmetric ? focal : new ClippedCrossEntropy(clip), weight * delta / n),
                new VoxelPart(focal, weight * (1 - delta) / n));
    }
}
