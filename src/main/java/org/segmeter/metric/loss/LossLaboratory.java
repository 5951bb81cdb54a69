package org.segmeter.metric.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.loss.GeneralizedDice.Weighting;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.metric.loss.RegionLoss.FocalTversky;
import org.segmeter.metric.loss.RegionLoss.GeneralizedDiceWithRest;
import org.segmeter.metric.loss.RegionLoss.Jaccard;
import org.segmeter.metric.loss.RegionLoss.LogCoshDice;
import org.segmeter.metric.loss.RegionLoss.Mcc;
import org.segmeter.metric.loss.RegionLoss.NegatedScore;
import org.segmeter.metric.loss.RegionLoss.SemimetricDice;
import org.segmeter.metric.loss.RegionLoss.SensitivitySpecificity;
import org.segmeter.metric.loss.RegionLoss.Tversky;
import org.segmeter.metric.loss.VoxelTerm.ClippedCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.ClippedError;
import org.segmeter.metric.loss.VoxelTerm.ClippedFocal;
import org.segmeter.metric.loss.VoxelTerm.ContraryCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.CrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.Focal;
import org.segmeter.metric.loss.VoxelTerm.Huber;
import org.segmeter.metric.loss.VoxelTerm.LogCosh;
import org.segmeter.metric.loss.VoxelTerm.LogPower;
import org.segmeter.metric.loss.VoxelTerm.LogitHinge;
import org.segmeter.volume.CancelSignal;

/**
 * Every loss of a case with its parameters. The same number as a training script would print for these probabilities, if its
 * parameters are the same: {@code docs/losses.md} says which tool prints which.
 */
public final class LossLaboratory {

    /** Skeletons, distances and orders are left out for segments whose box has more voxels; they take 100 bytes for each. */
    public static final long MOST_DENSE_VOXELS = Support.LARGEST;

    static final double CLIP = 1e-7;
    /** Least denominator in segmentation_models.pytorch. */
    private static final double FLOOR = 1e-7;

    static final double DELTA = 0.7;
    static final double GAMMA = 0.75;
    static final double LOG_POWER = 0.3;
    private static final double WASSERSTEIN_SMOOTH = 1e-5;

    private final List<Channel> channels;
    private final Region region;
    private final double[] spacing;
    private final LossSettings settings;
    private final CancelSignal cancel;

    private LossLaboratory(
            List<Channel> channels, Region region, double[] spacing, LossSettings settings, CancelSignal cancel) {
        this.channels = List.copyOf(channels);
        this.region = region;
        this.spacing = spacing.clone();
        this.settings = settings;
        this.cancel = cancel;
    }

    /**
     * Measures a case.
     *
     * @param channels one per class. Several are taken for exclusive classes with the background first; what needs that (cross-
     *     entropy of classes, generalised Wasserstein Dice) is in {@link LossReport#overall()}
     * @param region to average over, at least one voxel
     * @param spacingMm of voxel centres along x, y, z, for the boundary loss
     * @throws IllegalArgumentException if there is no channel or voxel, or a value is no probability
     * @throws java.util.concurrent.CancellationException if the signal is given
     */
    public static LossReport measure(
            List<Channel> channels, Region region, double[] spacingMm, LossSettings settings, CancelSignal cancel) {
        if (channels.isEmpty() || region.box().isEmpty()) {
            throw new IllegalArgumentException("a loss needs at least one channel and one voxel");
        }
        if (channels.size() > 1
                && !settings.classWeights().isEmpty()
                && settings.classWeights().size() != channels.size()) {
            throw new IllegalArgumentException(
                    settings.classWeights().size() + " class weights for " + channels.size() + " channels");
        }
        return new LossLaboratory(channels, region, spacingMm, settings, cancel).run();
    }

    private LossReport run() {
        List<LossReport.OfChannel> reports = new ArrayList<>();
        for (Channel channel : channels) {
            ChannelStatistics s = ChannelPass.of(channel, region, terms(channel), cancel);
            boolean sort = settings.ranked() && s.hardReference() && uncertain(s) <= Support.LARGEST;
            RankedLosses order = sort ? RankedLosses.of(channel, region, cancel) : null;
            reports.add(ofChannel(channel, s, order));
        }
        if (channels.size() == 1) {
            return new LossReport(reports, Map.of(), null, Map.of(), Map.of());
        }
        CrossMoments moments = CrossMoments.of(channels, region, cancel);
        boolean hard = reports.stream().allMatch(report -> report.statistics().hardReference());
        return new LossReport(
                reports,
                overall(reports, moments),
                moments,
                hard ? gradients(reports) : Map.of(),
                hard ? wasserstein(moments) : Map.of());
    }

    /** Of the losses of all classes, the background among them, as they are reduced. */
    private Map<String, ClassGradient> gradients(List<LossReport.OfChannel> reports) {
        List<ChannelStatistics> all =
                reports.stream().map(LossReport.OfChannel::statistics).toList();
        List<SoftSums> sums = all.stream().map(ChannelStatistics::sums).toList();
        double smooth = settings.smooth();
        double[] weights = weights();
        Map<String, ClassGradient> gradients = new LinkedHashMap<>();
        boolean sum = settings.reduction() == LossSettings.Reduction.SUM;
        for (RegionLoss loss : List.of(
                Dice.linear(smooth),
                Dice.squared(smooth),
                Jaccard.smooth(smooth),
                Tversky.of(settings.alpha(), 1 - settings.alpha(), smooth))) {
            List<RegionLoss.Partials> partials = new ArrayList<>();
            for (int c = 0; c < weights.length; c++) {
                partials.add(loss.partials(sums.get(c)).times(sum ? weights[c] : weights[c] / weights.length));
            }
            put(gradients, loss.name(), partials, all);
        }
        RegionLoss.Partials pooled = Dice.linear(smooth).partials(sums.stream().reduce(SoftSums.NONE, SoftSums::plus));
        put(gradients, "dice_loss_pooled", Collections.nCopies(all.size(), pooled), all);
        for (Weighting weighting : Weighting.values()) {
            GeneralizedDice loss = GeneralizedDice.monai(weighting, smooth);
            put(gradients, loss.gradientName(), loss.partials(sums), all);
        }
        compoundGradients(gradients, all);
        return gradients;
    }

    private static void put(
            Map<String, ClassGradient> gradients,
            String name,
            List<RegionLoss.Partials> partials,
            List<ChannelStatistics> all) {
        List<GradientFacts> classes = new ArrayList<>();
        for (int c = 0; c < partials.size(); c++) {
            classes.add(GradientFacts.of(partials.get(c), all.get(c)));
        }
        put(gradients, name, classes);
    }

    private static void put(Map<String, ClassGradient> gradients, String name, List<GradientFacts> classes) {
        ClassGradient gradient = ClassGradient.of(classes);
        if (Double.isFinite(gradient.norm()) || Double.isFinite(gradient.logitNorm())) {
            gradients.put(name, gradient);
        }
    }

    /** Of the losses that add cross-entropy or the focal loss of the classes to a Dice loss. */
    private void compoundGradients(Map<String, ClassGradient> gradients, List<ChannelStatistics> all) {
        List<SoftSums> sums = all.stream().map(ChannelStatistics::sums).toList();
        boolean sum = settings.reduction() == LossSettings.Reduction.SUM;
        double[] weights = weights();
        double weightOfAll = 0;
        for (int c = 0; c < weights.length; c++) {
            weightOfAll += weights[c] * sums.get(c).g();
        }
        Dice dice = Dice.linear(settings.smooth());
        Focal focal = new Focal(settings.focalGamma());
        double perVoxelAndClass = 1.0 / sums.getFirst().voxels() / weights.length;
        List<RegionLoss.Partials> generalized =
                GeneralizedDice.monai(Weighting.SQUARE, settings.smooth()).partials(sums);
        List<GradientFacts> diceCe = new ArrayList<>();
        List<GradientFacts> diceFocal = new ArrayList<>();
        List<GradientFacts> generalizedFocal = new ArrayList<>();
        for (int c = 0; c < weights.length; c++) {
            RegionLoss.Partials ofDice =
                    dice.partials(sums.get(c)).times(sum ? weights[c] : weights[c] / weights.length);
            double ofCrossEntropy = weights[c] / weightOfAll;
            ChannelStatistics s = all.get(c);
            diceCe.add(GradientFacts.of(CompoundSlopes.ofClass(ofDice, new CrossEntropy(), ofCrossEntropy), s));
            diceFocal.add(GradientFacts.of(CompoundSlopes.ofClass(ofDice, focal, perVoxelAndClass), s));
            generalizedFocal.add(
                    GradientFacts.of(CompoundSlopes.ofClass(generalized.get(c), focal, perVoxelAndClass), s));
        }
        put(gradients, "dice_ce_loss", diceCe);
        put(gradients, "dice_focal_loss", diceFocal);
        put(gradients, "generalized_dice_focal_loss", generalizedFocal);
    }

    private static Map<String, WassersteinGradient> wasserstein(CrossMoments moments) {
        Map<String, WassersteinGradient> gradients = new LinkedHashMap<>();
        for (boolean byVolume : new boolean[] {false, true}) {
            WassersteinGradient gradient = moments.generalizedWassersteinGradient(byVolume, WASSERSTEIN_SMOOTH);
            if (Double.isFinite(gradient.norm())) {
                gradients.put("generalized_wasserstein_dice_loss" + (byVolume ? "_by_volume" : ""), gradient);
            }
        }
        return gradients;
    }

    /** Voxels with a probability that is neither 0 nor 1: those that ranking would sort. */
    private static long uncertain(ChannelStatistics s) {
        return s.cells().count(1, ProbabilityCells.CELLS - 1);
    }

    /** Every voxel-wise term that the losses of a channel are made of. */
    private List<VoxelTerm> terms(Channel channel) {
        List<VoxelTerm> terms = new ArrayList<>(List.of(
                new CrossEntropy(),
                new ContraryCrossEntropy(),
                new ClippedError(CLIP),
                new ClippedCrossEntropy(CLIP),
                new Focal(settings.focalGamma()),
                new ClippedFocal(0.5, CLIP),
                new ClippedFocal(2, CLIP),
                new LogPower(LOG_POWER),
                new Huber(settings.huberDelta()),
                new LogCosh()));
        if (channel.prediction().isLogit()) {
            terms.add(new LogitHinge(false));
            terms.add(new LogitHinge(true));
        }
        if (channel.reference().isHard()) {
            terms.addAll(CompoundSlopes.terms(settings));
        }
        return terms;
    }

    private LossReport.OfChannel ofChannel(Channel channel, ChannelStatistics s, @Nullable RankedLosses order) {
        Values values = new Values(s.sums());
        Map<String, GradientFacts> gradients = new LinkedHashMap<>();
        boolean logits = channel.prediction().isLogit();
        regionLosses(values, s, gradients);
        voxelLosses(values, s, logits);
        weighted(values, channel, s);
        compound(values, s, gradients);
        rankedLosses(values, order, s, logits);
        if (channels.size() == 1 || channel != channels.getFirst()) {
            // The surface of the background is that of everything else: its fields are the whole volume, and tell
            // nothing new.
            denseLosses(values, channel, s.sums());
        }
        return new LossReport.OfChannel(values.byName, gradients, s.hardReference() ? SoftFacts.of(s) : null, s, order);
    }

    private void regionLosses(Values values, ChannelStatistics s, Map<String, GradientFacts> gradients) {
        double smooth = settings.smooth();
        Tversky tversky = Tversky.of(settings.alpha(), 1 - settings.alpha(), smooth);
        Map<String, RegionLoss> losses = new LinkedHashMap<>();
        losses.put("dice_loss", Dice.linear(smooth));
        losses.put("dice_loss_squared", Dice.squared(smooth));
        losses.put("keras_dice_loss", Dice.keras());
        losses.put("vnet_dice_loss", Dice.vnet());
        losses.put("nnunet_dice_loss", NegatedScore.nnUNet(1e-5));
        losses.put("jaccard_loss", Jaccard.smooth(smooth));
        losses.put("tversky_loss", tversky);
        losses.put("focal_tversky_loss", new FocalTversky(tversky, GAMMA));
        losses.put("log_cosh_dice_loss", new LogCoshDice(Dice.linear(smooth)));
        losses.put("sensitivity_specificity_loss", new SensitivitySpecificity(0.1, smooth));
        losses.put("dice_semimetric_loss", new SemimetricDice(smooth));
        losses.put("mcc_loss", new Mcc(1e-5));
        losses.forEach((name, loss) -> {
            values.add(name, loss.of(s.sums()), loss.parameters());
            putGradient(gradients, name, loss, s);
        });
        placements(values, s.sums());
        for (Weighting weighting : Weighting.values()) {
            GeneralizedDice generalized = GeneralizedDice.monai(weighting, smooth);
            RegionLoss loss = new GeneralizedDiceWithRest(generalized);
            values.add(loss.name(), loss.of(s.sums()), loss.parameters());
            putGradient(gradients, generalized.gradientName(), loss, s);
        }
    }

    private static void putGradient(
            Map<String, GradientFacts> gradients, String name, RegionLoss loss, ChannelStatistics s) {
        if (s.hardReference() && Double.isFinite(loss.of(s.sums()))) {
            putFinite(gradients, name, GradientFacts.of(loss, s));
        }
    }

    /** Through a sigmoid a gradient may have a norm although by the probabilities it has none. */
    private static void putFinite(Map<String, GradientFacts> gradients, String name, GradientFacts facts) {
        if (Double.isFinite(facts.norm()) || Double.isFinite(facts.logitNorm())) {
            gradients.put(name, facts);
        }
    }

    /** The Dice loss with its smoothing elsewhere than in numerator and denominator alike. */
    private void placements(Values values, SoftSums sums) {
        double smooth = settings.smooth();
        List<Dice> others = new ArrayList<>();
        for (boolean squared : new boolean[] {false, true}) {
            others.add(new Dice(squared, 0, smooth, 0));
            others.add(new Dice(squared, smooth, 0, 0));
            others.add(new Dice(squared, 0, 0, FLOOR));
        }
        for (Dice loss : others) {
            values.add(loss.name(), loss.of(sums), loss.parameters());
        }
    }

    /** Cross-entropy with weights for reference and other voxels. */
    private void weighted(Values values, Channel channel, ChannelStatistics s) {
        values.add("balanced_bce", VoxelLosses.balancedCrossEntropy(s), Map.of());
        List<Double> weights = settings.classWeights();
        if (weights.size() == 2) {
            boolean background = channels.size() == 2 && channel == channels.getFirst();
            double own = weights.get(background ? 0 : 1);
            double other = weights.get(background ? 1 : 0);
            values.add(
                    "bce",
                    VoxelLosses.weightedBinaryCrossEntropy(s, own, other),
                    ordered("weightOnReference", own, "weightElsewhere", other));
        }
    }

    private void voxelLosses(Values values, ChannelStatistics s, boolean logits) {
        SoftSums sums = s.sums();
        double gamma = settings.focalGamma();
        values.add("bce", s.mean(new CrossEntropy()), Map.of("logFloor", logits ? "none" : "-100"));
        values.add("bce", s.mean(new ClippedCrossEntropy(CLIP)), Map.of("clip", CLIP));
        values.add(
                "bce",
                VoxelLosses.smoothedBinaryCrossEntropy(s, settings.labelSmoothing()),
                Map.of("labelSmoothing", settings.labelSmoothing()));
        values.add("focal_loss", VoxelLosses.focal(s, new Focal(gamma), Double.NaN), Map.of("gamma", gamma));
        values.add(
                "focal_loss",
                VoxelLosses.focal(s, new Focal(gamma), settings.focalAlpha()),
                ordered("gamma", gamma, "alpha", settings.focalAlpha()));
        values.add("poly1_loss", VoxelLosses.poly1(s, 1), Map.of("epsilon", 1.0));
        values.add("hinge", VoxelLosses.hinge(sums), Map.of("decision", "2p - 1"));
        if (s.hardReference()) {
            values.add("squared_hinge", VoxelLosses.squaredHinge(sums), Map.of("decision", "2p - 1"));
        }
        if (logits) {
            values.add("hinge", s.mean(new LogitHinge(false)), Map.of("decision", "logit"));
            values.add("squared_hinge", s.mean(new LogitHinge(true)), Map.of("decision", "logit"));
        }
        values.add("l1", VoxelLosses.l1(sums), Map.of());
        values.add("mse", VoxelLosses.l2(sums), Map.of());
        double delta = settings.huberDelta();
        values.add("huber", s.mean(new Huber(delta)), Map.of("delta", delta));
        values.add("smooth_l1", VoxelLosses.smoothL1(s, delta), Map.of("beta", delta));
        values.add("log_cosh", s.mean(new LogCosh()), Map.of());
        values.add("kl_divergence", VoxelLosses.klDivergence(s, new CrossEntropy()), Map.of());
    }

    private void compound(Values values, ChannelStatistics s, Map<String, GradientFacts> gradients) {
        double smooth = settings.smooth();
        double dice = Dice.linear(smooth).of(s.sums());
        double bce = s.mean(new CrossEntropy());
        double focal = s.mean(new Focal(settings.focalGamma()));
        values.add("dice_ce_loss", dice + bce, ordered("smooth", smooth, "weights", "1, 1"));
        values.add(
                "dice_focal_loss",
                dice + focal,
                ordered("smooth", smooth, "gamma", settings.focalGamma(), "weights", "1, 1"));
        GeneralizedDice generalized = GeneralizedDice.monai(Weighting.SQUARE, smooth);
        values.add(
                "generalized_dice_focal_loss",
                generalized.of(List.of(s.sums().background(), s.sums())) + focal,
                ordered("smooth", smooth, "gamma", settings.focalGamma(), "weights", "1, 1"));
        values.add(
                "combo_loss",
                VoxelLosses.combo(s, 0.5, 0.5, smooth),
                ordered("alpha", 0.5, "beta", 0.5, "smooth", smooth));
        values.add(
                "exponential_logarithmic_loss",
                VoxelLosses.exponentialLogarithmic(s, 0.8, 0.2, LOG_POWER, smooth),
                ordered("weightDice", 0.8, "weightCrossEntropy", 0.2, "gamma", LOG_POWER, "smooth", smooth));
        values.add(
                "asymmetric_focal_loss",
                VoxelLosses.asymmetricFocal(s, DELTA, 2, CLIP),
                ordered("delta", DELTA, "gamma", 2.0, "clip", CLIP));
        values.add(
                "asymmetric_focal_tversky_loss",
                VoxelLosses.asymmetricFocalTversky(s, DELTA, GAMMA, CLIP),
                ordered("delta", DELTA, "gamma", GAMMA, "clip", CLIP));
        for (double delta : new double[] {0.6, DELTA}) {
            values.add(
                    "asymmetric_unified_focal_loss",
                    VoxelLosses.asymmetricUnifiedFocal(s, 0.5, delta, 0.5, CLIP),
                    ordered("weight", 0.5, "delta", delta, "gamma", 0.5, "clip", CLIP));
        }
        values.add(
                "symmetric_focal_loss",
                VoxelLosses.symmetricFocal(s, DELTA, 2, CLIP),
                ordered("delta", DELTA, "gamma", 2.0, "clip", CLIP));
        values.add(
                "symmetric_focal_tversky_loss",
                VoxelLosses.symmetricFocalTversky(s, DELTA, GAMMA, CLIP),
                ordered("delta", DELTA, "gamma", GAMMA, "clip", CLIP));
        values.add(
                "symmetric_unified_focal_loss",
                VoxelLosses.symmetricUnifiedFocal(s, 0.5, 0.6, 0.5, CLIP),
                ordered("weight", 0.5, "delta", 0.6, "gamma", 0.5, "clip", CLIP));
        if (s.hardReference()) {
            CompoundSlopes.ofChannel(s, settings)
                    .forEach((name, slopes) -> putFinite(gradients, name, GradientFacts.of(slopes, s)));
        }
    }

    private void rankedLosses(Values values, @Nullable RankedLosses order, ChannelStatistics s, boolean logits) {
        if (order != null) {
            values.add("lovasz_softmax_loss", order.lovaszSoftmax(), Map.of());
            values.add("lovasz_hinge_loss", order.lovaszHingeOfProbability(), Map.of("decision", "2p - 1"));
            if (logits) {
                values.add("lovasz_hinge_loss", order.lovaszHinge(), Map.of("decision", "logit"));
            }
            values.add("top_k_loss", order.topK(settings.topKPercent()), Map.of("percent", settings.topKPercent()));
        } else if (settings.ranked()) {
            String reason = s.hardReference()
                    ? "sorts voxels with a probability between 0 and 1, and there are more than " + Support.LARGEST
                    : "the order of errors is defined for a hard reference";
            for (String name : List.of("lovasz_softmax_loss", "lovasz_hinge_loss", "top_k_loss")) {
                values.absent(name, reason);
            }
        }
    }

    private void denseLosses(Values values, Channel channel, SoftSums sums) {
        if (!settings.dense()) {
            return;
        }
        String obstacle = region.within() != null
                ? "needs the whole box, and only some of its voxels are evaluated"
                : Support.of(channel, region.box()).voxelCount() > Support.LARGEST
                        ? "needs fields over the box around both sides, and it has more than " + Support.LARGEST
                                + " voxels"
                        : null;
        if (obstacle != null) {
            for (String name : List.of(
                    "soft_cl_dice_loss",
                    "dice_cl_dice_loss",
                    "boundary_loss",
                    "hausdorff_dt_loss",
                    "log_hausdorff_dt_loss")) {
                values.absent(name, obstacle);
            }
            return;
        }
        int iterations = settings.skeletonIterations();
        SkeletonLosses skeleton = SkeletonLosses.of(channel, region.box(), iterations, 1, cancel);
        values.add("soft_cl_dice_loss", skeleton.clDice(), ordered("iterations", iterations, "smooth", 1.0));
        values.add(
                "dice_cl_dice_loss",
                skeleton.diceClDice(sums, 0.5, 1),
                ordered("iterations", iterations, "alpha", 0.5, "smooth", 1.0));
        cancel.check();
        DistanceLosses distances = DistanceLosses.of(channel, region.box());
        values.add("boundary_loss", distances.boundary(spacing), "mm", Map.of("distance", "mm"));
        for (double alpha : new double[] {1, 2}) {
            cancel.check();
            double value = distances.hausdorffDistanceTransform(alpha);
            values.add("hausdorff_dt_loss", value, ordered("alpha", alpha, "distance", "voxels"));
            values.add("log_hausdorff_dt_loss", Math.log1p(value), ordered("alpha", alpha, "distance", "voxels"));
        }
    }

    private Map<String, List<MetricValue>> overall(List<LossReport.OfChannel> reports, CrossMoments moments) {
        List<ChannelStatistics> all =
                reports.stream().map(LossReport.OfChannel::statistics).toList();
        List<SoftSums> sums = all.stream().map(ChannelStatistics::sums).toList();
        SoftSums together = sums.stream().reduce(SoftSums.NONE, SoftSums::plus);
        Values values = new Values(together);
        double smooth = settings.smooth();
        double[] weights = weights();
        double crossEntropy = VoxelLosses.crossEntropy(all, weights);
        // The mean over classes and voxels, as MONAI reduces it.
        double focal = all.stream()
                        .mapToDouble(s -> VoxelLosses.softmaxFocal(s, settings.focalGamma()))
                        .sum()
                / all.size();
        for (boolean background : new boolean[] {true, false}) {
            List<SoftSums> classes = background ? sums : sums.subList(1, sums.size());
            double[] w = background ? weights : Arrays.copyOfRange(weights, 1, weights.length);
            Map<String, Object> p = ordered("includeBackground", background, "smooth", smooth);
            p.put("reduction", settings.reduction().name().toLowerCase(Locale.ROOT));
            p.putAll(classWeights());
            double dice = reduced(classes, w, Dice.linear(smooth));
            values.add("dice_loss", dice, p);
            values.add("dice_loss_squared", reduced(classes, w, Dice.squared(smooth)), p);
            values.add("jaccard_loss", reduced(classes, w, Jaccard.smooth(smooth)), p);
            values.add(
                    "tversky_loss",
                    reduced(classes, w, Tversky.of(settings.alpha(), 1 - settings.alpha(), smooth)),
                    and(p, "alphaFalsePositive", settings.alpha(), "betaFalseNegative", 1 - settings.alpha()));
            values.add("dice_ce_loss", dice + crossEntropy, p);
            values.add("dice_focal_loss", dice + focal, and(p, "gamma", settings.focalGamma()));
            values.add(
                    "generalized_dice_focal_loss",
                    GeneralizedDice.monai(Weighting.SQUARE, smooth).of(classes) + focal,
                    ordered("includeBackground", background, "smooth", smooth, "gamma", settings.focalGamma()));
            SoftSums pooled = classes.stream().reduce(SoftSums.NONE, SoftSums::plus);
            values.add(
                    "dice_loss",
                    Dice.linear(smooth).of(pooled),
                    ordered(
                            "includeBackground",
                            background,
                            "smooth",
                            smooth,
                            "reduction",
                            "voxels of all classes pooled"));
            for (Weighting weighting : Weighting.values()) {
                GeneralizedDice loss = GeneralizedDice.monai(weighting, smooth);
                Map<String, Object> parameters = ordered("includeBackground", background);
                parameters.putAll(loss.parameters());
                values.add("generalized_dice_loss", loss.of(classes), parameters);
            }
        }
        values.add(
                "cross_entropy", crossEntropy, classWeights().isEmpty() ? Map.of("classWeights", "1") : classWeights());
        values.add(
                "focal_loss",
                focal,
                ordered("activation", "softmax", "gamma", settings.focalGamma(), "reduction", "mean over classes"));
        values.add("poly1_loss", VoxelLosses.poly1(all, 1), Map.of("epsilon", 1.0));
        topKOfClasses(values);
        smoothedCrossEntropy(values, all);
        double[][] distances = CrossMoments.equalDistances(channels.size());
        for (boolean byVolume : new boolean[] {false, true}) {
            values.add(
                    "generalized_wasserstein_dice_loss",
                    moments.generalizedWassersteinDice(distances, byVolume, WASSERSTEIN_SMOOTH),
                    ordered(
                            "weighting",
                            byVolume ? "GDL" : "default",
                            "distance",
                            "1 between classes",
                            "smooth",
                            WASSERSTEIN_SMOOTH));
        }
        lovasz(values, reports);
        return values.byName;
    }

    /** Label smoothing needs -log p of every class at every voxel, also where it is not the reference's. */
    private void smoothedCrossEntropy(Values values, List<ChannelStatistics> all) {
        double[] logP = new double[channels.size()];
        for (int c = 0; c < logP.length; c++) {
            cancel.check();
            SideReader reader = SideReader.of(channels.get(c).prediction(), region.box());
            double sum = 0;
            long voxels = 0;
            for (int z = region.box().z0(); z < region.box().z1(); z++) {
                for (int y = region.box().y0(); y < region.box().y1(); y++) {
                    reader.read(y, z);
                    double row = 0;
                    for (int i = 0; i < region.box().nx(); i++) {
                        if (region.within() == null
                                || region.within().contains(region.box().x0() + i, y, z)) {
                            row += reader.surpriseOfP[i];
                            voxels++;
                        }
                    }
                    sum += row;
                }
            }
            logP[c] = sum / voxels;
        }
        values.add(
                "cross_entropy",
                VoxelLosses.smoothedCrossEntropy(all, logP, settings.labelSmoothing()),
                Map.of("labelSmoothing", settings.labelSmoothing()));
    }

    /** Mean cross-entropy of classes over the voxels where it is largest (nnU-Net's top-k loss). */
    private void topKOfClasses(Values values) {
        if (!settings.ranked()) {
            return;
        }
        List<SideReader> p = new ArrayList<>();
        List<SideReader> g = new ArrayList<>();
        for (Channel channel : channels) {
            p.add(SideReader.of(channel.prediction(), region.box()));
            g.add(SideReader.of(channel.reference(), region.box()));
        }
        RankedLosses.Gathered costs = new RankedLosses.Gathered();
        long voxels = 0;
        for (int z = region.box().z0(); z < region.box().z1(); z++) {
            cancel.check();
            for (int y = region.box().y0(); y < region.box().y1(); y++) {
                for (int c = 0; c < p.size(); c++) {
                    p.get(c).read(y, z);
                    g.get(c).read(y, z);
                }
                for (int i = 0; i < region.box().nx(); i++) {
                    if (region.within() != null
                            && !region.within().contains(region.box().x0() + i, y, z)) {
                        continue;
                    }
                    voxels++;
                    double cost = 0;
                    for (int c = 0; c < p.size(); c++) {
                        double share = g.get(c).p[i];
                        cost += share == 0 ? 0 : share * p.get(c).surpriseOfP[i];
                    }
                    if (cost != 0) {
                        costs.add(cost);
                    }
                }
            }
            if (costs.size() > Support.LARGEST) {
                values.absent(
                        "top_k_loss", "sorts voxels that are not certain, and there are more than " + Support.LARGEST);
                return;
            }
        }
        double[] sorted = costs.sorted();
        long k = Math.max(1, (long) Math.floor(voxels * settings.topKPercent() / 100));
        double sum = 0;
        for (int i = 0; i < Math.min(k, sorted.length); i++) {
            sum += sorted[sorted.length - 1 - i];
        }
        values.add("top_k_loss", sum / k, Map.of("percent", settings.topKPercent()));
    }

    private static void lovasz(Values values, List<LossReport.OfChannel> reports) {
        double sum = 0;
        int present = 0;
        for (LossReport.OfChannel report : reports) {
            RankedLosses order = report.ranked();
            if (order == null) {
                return;
            }
            if (order.hasReference()) {
                sum += order.lovaszSoftmax();
                present++;
            }
        }
        values.add("lovasz_softmax_loss", sum / present, Map.of("reduction", "mean over classes in the reference"));
    }

    private double reduced(List<SoftSums> classes, double[] weights, RegionLoss loss) {
        double sum = 0;
        for (int c = 0; c < weights.length; c++) {
            // A class that does not count has no say even where its loss is not defined.
            sum += weights[c] == 0 ? 0 : weights[c] * loss.of(classes.get(c));
        }
        return settings.reduction() == LossSettings.Reduction.SUM ? sum : sum / weights.length;
    }

    private double[] weights() {
        double[] weights = new double[channels.size()];
        Arrays.fill(weights, 1);
        if (!settings.classWeights().isEmpty()) {
            for (int c = 0; c < weights.length; c++) {
                weights[c] = settings.classWeights().get(c);
            }
        }
        return weights;
    }

    private Map<String, Object> classWeights() {
        return settings.classWeights().isEmpty() ? Map.of() : Map.of("classWeights", settings.classWeights());
    }

    private static Map<String, Object> and(Map<String, Object> parameters, Object... namesAndValues) {
        Map<String, Object> more = new LinkedHashMap<>(parameters);
        more.putAll(ordered(namesAndValues));
        return more;
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }

    /** The values by name; what is not finite becomes a state. */
    private static final class Values {
        private final Map<String, List<MetricValue>> byName = new LinkedHashMap<>();
        private final boolean bothEmpty;

        Values(SoftSums sums) {
            bothEmpty = sums.p() == 0 && sums.g() == 0;
        }

        void add(String name, double value, Map<String, Object> parameters) {
            add(name, value, "1", parameters);
        }

        void add(String name, double value, String unit, Map<String, Object> parameters) {
            MetricValue of;
            if (Double.isFinite(value)) {
                of = MetricValue.ok(value, unit);
            } else if (bothEmpty) {
                of = MetricValue.absent(MetricValue.State.BOTH_EMPTY, unit);
            } else {
                of = MetricValue.notApplicable(unit, "the definition divides by zero for these volumes");
            }
            for (Map.Entry<String, Object> parameter : parameters.entrySet()) {
                of = of.with(parameter.getKey(), parameter.getValue());
            }
            byName.computeIfAbsent(name, n -> new ArrayList<>()).add(of);
        }

        void absent(String name, String reason) {
            byName.computeIfAbsent(name, n -> new ArrayList<>()).add(MetricValue.notApplicable("1", reason));
        }
    }
}
