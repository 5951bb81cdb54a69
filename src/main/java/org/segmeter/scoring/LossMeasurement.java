package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.loss.Channel;
import org.segmeter.metric.loss.ChannelPass;
import org.segmeter.metric.loss.ChannelStatistics;
import org.segmeter.metric.loss.Region;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.Side;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.metric.loss.VoxelLosses;
import org.segmeter.metric.loss.VoxelTerm;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Mask;
import org.segmeter.volume.ProbabilityVolume;
import org.segmeter.volume.Voxels;

/** Losses and calibration of one pair. A mask is a probability of 0 and 1; two masks need no pass over voxels for region losses. */
final class LossMeasurement {

    /** The logarithm of a probability of 0 is taken as -100, the floor of torch's binary cross-entropy. */
    private static final double WRONG_AND_SURE = 100;

    private final Voxels prediction;
    private final Voxels reference;
    private final ConfusionCounts counts;
    private final Coverage coverage;
    private final CancelSignal cancel;
    private final Set<VoxelTerm> terms;
    private @Nullable ChannelStatistics statistics;

    /**
     * @param coverage what is averaged over
     * @param protocols whose voxel-wise terms one pass sums together
     */
    LossMeasurement(
            Voxels prediction,
            Voxels reference,
            ConfusionCounts counts,
            Coverage coverage,
            List<Protocol> protocols,
            CancelSignal cancel) {
        this.coverage = coverage;
        this.prediction = prediction;
        this.reference = reference;
        this.counts = counts;
        this.cancel = cancel;
        this.terms = terms(protocols);
    }

    /** True if the prediction says how sure it is, so that calibration means something. */
    boolean isProbability() {
        return prediction instanceof ProbabilityVolume;
    }

    private static Set<VoxelTerm> terms(List<Protocol> protocols) {
        Set<VoxelTerm> terms = new LinkedHashSet<>();
        for (Protocol protocol : protocols) {
            for (Protocol.Metric metric : protocol.metrics()) {
                if (metric.name().equals("bce")) {
                    terms.add(new VoxelTerm.CrossEntropy());
                } else if (metric.name().equals("focal_loss")) {
                    terms.add(new VoxelTerm.Focal(metric.number("gamma", 2)));
                }
            }
        }
        return terms;
    }

    /** The value of a metric; NaN where the definition divides by zero. */
    double value(Protocol.Metric metric) {
        return switch (metric.name()) {
            case "dice_loss" ->
                new RegionLoss.Dice(
                                metric.choice("denominator", "linear").equals("squared"),
                                metric.number("smoothNumerator", 0),
                                metric.number("smoothDenominator", 0),
                                0)
                        .of(sums());
            case "jaccard_loss" ->
                RegionLoss.Jaccard.smooth(metric.number("smooth", 0)).of(sums());
            case "tversky_loss" -> tversky(metric).of(sums());
            case "focal_tversky_loss" ->
                new RegionLoss.FocalTversky(tversky(metric), metric.number("exponent", 0.75)).of(sums());
            case "log_cosh_dice_loss" ->
                new RegionLoss.LogCoshDice(RegionLoss.Dice.linear(metric.number("smooth", 0))).of(sums());
            case "bce" ->
                isHard()
                        ? WRONG_AND_SURE * ((double) counts.fp() + counts.fn()) / counts.total()
                        : whole(VoxelLosses.binaryCrossEntropy(statistics(), new VoxelTerm.CrossEntropy(), 1));
            case "focal_loss" -> {
                double alpha = metric.numbers().containsKey("alpha") ? metric.number("alpha", 0.25) : Double.NaN;
                yield isHard()
                        ? WRONG_AND_SURE
                                * (Double.isNaN(alpha)
                                        ? (double) counts.fp() + counts.fn()
                                        : alpha * counts.fn() + (1 - alpha) * counts.fp())
                                / counts.total()
                        : whole(VoxelLosses.focal(statistics(), new VoxelTerm.Focal(metric.number("gamma", 2)), alpha));
            }
            case "l1_loss" ->
                isHard()
                        ? VoxelLosses.l1(sums())
                        : whole(VoxelLosses.l1(statistics().sums()));
            case "brier", "l2_loss" ->
                isHard()
                        ? VoxelLosses.l2(sums())
                        : whole(VoxelLosses.l2(statistics().sums()));
            case "ece" -> calibration(metric).expectedError();
            case "mce" -> calibration(metric).maximumError();
            default -> throw new IllegalStateException("nothing computes the metric " + metric.name());
        };
    }

    /** The parameters by which the value was computed, defaults included. */
    static Map<String, Object> parameters(Protocol.Metric metric) {
        Map<String, Object> p = new LinkedHashMap<>();
        switch (metric.name()) {
            case "dice_loss" -> {
                p.put("denominator", metric.choice("denominator", "linear"));
                p.put("smoothNumerator", metric.number("smoothNumerator", 0));
                p.put("smoothDenominator", metric.number("smoothDenominator", 0));
            }
            case "jaccard_loss", "log_cosh_dice_loss" -> p.put("smooth", metric.number("smooth", 0));
            case "tversky_loss", "focal_tversky_loss" -> {
                p.put("alpha", metric.number("alpha", 0.3));
                p.put("beta", metric.number("beta", 0.7));
                if (metric.name().equals("focal_tversky_loss")) {
                    p.put("exponent", metric.number("exponent", 0.75));
                }
                p.put("smooth", metric.number("smooth", 0));
            }
            case "focal_loss" -> {
                p.put("gamma", metric.number("gamma", 2));
                if (metric.numbers().containsKey("alpha")) {
                    p.put("alpha", metric.number("alpha", 0.25));
                }
            }
            case "ece", "mce" -> p.put("bins", metric.number("bins", 15));
            default -> {
                // No parameters.
            }
        }
        return p;
    }

    private static RegionLoss.Tversky tversky(Protocol.Metric metric) {
        return RegionLoss.Tversky.of(
                metric.number("alpha", 0.3), metric.number("beta", 0.7), metric.number("smooth", 0));
    }

    /** Over all that is scored: where nothing is stored, the prediction is surely 0 and right. */
    private Calibration calibration(Protocol.Metric metric) {
        long elsewhere = counts.total() - coverage.voxelsOf(box());
        return Calibration.of(
                statistics().cells().withEmpty(elsewhere),
                (int) metric.number("bins", 15),
                Calibration.Closed.UPPER,
                true);
    }

    boolean isHard() {
        return prediction instanceof Mask && reference instanceof Mask;
    }

    private SoftSums sums() {
        return isHard()
                ? SoftSums.ofCounts(counts.tp(), counts.fp(), counts.fn(), counts.tn())
                : statistics().sums();
    }

    /**
     * One pass over what is scored of the box that holds everything: outside the box both sides are 0, which adds nothing to any of the
     * sums asked for.
     */
    private ChannelStatistics statistics() {
        if (statistics == null) {
            statistics = ChannelPass.of(
                    new Channel(side(prediction), side(reference)), region(), new ArrayList<>(terms), cancel);
        }
        return statistics;
    }

    private Region region() {
        Box box = box();
        return coverage.isAll() ? Region.of(box) : new Region(box, coverage.within(box));
    }

    /** A mean over the box as the mean over all that is scored. */
    private double whole(double mean) {
        long voxels = coverage.voxelsOf(box());
        return voxels == 0 ? 0 : mean * ((double) voxels / counts.total());
    }

    private Box box() {
        // Where only a part is scored the box is that part's: what lies outside it must not even decide how much is
        // looked at.
        return coverage.isAll() ? box(prediction).union(box(reference)) : coverage.box();
    }

    /** The stored voxels, outside which there is nothing. */
    static Box box(Voxels voxels) {
        return switch (voxels) {
            case Mask mask -> mask.box();
            case ProbabilityVolume volume -> volume.box();
        };
    }

    /** Voxels as a side of a channel; logits, if they were kept, are left out. */
    static Side side(Voxels voxels) {
        return switch (voxels) {
            case Mask mask -> new Side.Hard(mask.toBitMask());
            case ProbabilityVolume volume -> new Side.Probability(volume);
        };
    }
}
