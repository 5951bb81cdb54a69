package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.ExplainedDifferences;
import org.segmeter.metric.calibration.Calibration;
import org.segmeter.metric.loss.GeneralizedDice.Guard;
import org.segmeter.metric.loss.GeneralizedDice.Weighting;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.metric.loss.RegionLoss.FocalTversky;
import org.segmeter.metric.loss.RegionLoss.Jaccard;
import org.segmeter.metric.loss.RegionLoss.LogCoshDice;
import org.segmeter.metric.loss.RegionLoss.Mcc;
import org.segmeter.metric.loss.RegionLoss.NegatedScore;
import org.segmeter.metric.loss.RegionLoss.SensitivitySpecificity;
import org.segmeter.metric.loss.RegionLoss.Tversky;
import org.segmeter.metric.loss.RegionLoss.VoxelSquaredDice;
import org.segmeter.metric.loss.RegionLoss.ZeroWithoutReference;
import org.segmeter.metric.loss.VoxelTerm.ClippedCrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.ClippedError;
import org.segmeter.metric.loss.VoxelTerm.ClippedFocal;
import org.segmeter.metric.loss.VoxelTerm.CrossEntropy;
import org.segmeter.metric.loss.VoxelTerm.Focal;
import org.segmeter.metric.loss.VoxelTerm.Huber;
import org.segmeter.metric.loss.VoxelTerm.LogCosh;
import org.segmeter.metric.loss.VoxelTerm.LogitHinge;
import org.segmeter.metric.loss.VoxelTerm.SmoothedFocal;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;
import tools.jackson.databind.JsonNode;

/**
 * Every answer about a loss or a calibration error that another tool gave for a small case is our number, or a difference that
 * docs/losses.md explains.
 */
class LossOracleTest {

    /** An answer that is not compared, and why; the same sentence is in docs/losses.md. */
    private record Explained(String reason) implements Answer {}

    /**
     * Our value.
     *
     * @param tolerance relative, and absolute below 1
     */
    private record Ours(double value, double tolerance) implements Answer {}

    private sealed interface Answer {}

    private static final double FLOAT32 = 1e-5;
    private static final double EXACT = 1e-9;
    /** 1 - (1 - 1e-12) is 1.00009e-12 in float64: the logarithm of what a clip leaves is theirs to six digits only. */
    private static final double CLIPPED = 5e-6;

    private static final List<VoxelTerm> TERMS = List.of(
            new CrossEntropy(),
            new ClippedCrossEntropy(1e-7),
            new ClippedCrossEntropy(1e-10),
            new ClippedCrossEntropy(1e-12),
            new ClippedCrossEntropy(0x1p-52),
            new ClippedCrossEntropy(0x1p-23),
            new Focal(0),
            new Focal(1),
            new Focal(2),
            new ClippedError(1e-7),
            new ClippedError(1e-12),
            new ClippedFocal(0.5, 1e-7),
            new ClippedFocal(1, 1e-7),
            new ClippedFocal(2, 1e-7),
            new ClippedFocal(1, 1e-12),
            new ClippedFocal(2, 1e-12),
            new SmoothedFocal(2, 1e-5),
            new Huber(0.1),
            new Huber(0.5),
            new Huber(1),
            new LogCosh(),
            new LogitHinge(false),
            new LogitHinge(true));

    /** One label of a case, with what is derived from it on demand. */
    private static final class Subject {
        final OracleCase of;
        final Region region;
        final List<Channel> channels = new ArrayList<>();
        private final Map<Integer, ChannelStatistics> statistics = new HashMap<>();
        private @Nullable CrossMoments moments;
        private @Nullable RankedLosses ranked;
        private @Nullable DistanceLosses distances;
        private final Map<Integer, SkeletonLosses> skeletons = new HashMap<>();

        Subject(OracleCase of) {
            this.of = of;
            region = Region.of(of.reference().box());
            switch (of.kind()) {
                case "softmax" -> {
                    for (int c = 0; c < of.prediction().channels(); c++) {
                        channels.add(Channel.of(
                                of.prediction().probability(c), of.reference().label(c)));
                    }
                }
                case "logit" ->
                    channels.add(new Channel(
                            new Side.Logit(
                                    of.prediction().box(), of.prediction().values()),
                            new Side.Hard(of.reference().label(1))));
                case "probability" ->
                    channels.add(Channel.of(
                            of.prediction().probability(0), of.reference().label(1)));
                default ->
                    channels.add(
                            Channel.of(of.prediction().label(1), of.reference().label(1)));
            }
        }

        boolean softmax() {
            return of.kind().equals("softmax");
        }

        ChannelStatistics s(int c) {
            return statistics.computeIfAbsent(
                    c, k -> ChannelPass.of(channels.get(k), region, TERMS, CancelSignal.none()));
        }

        SoftSums sums() {
            return s(0).sums();
        }

        /** All classes: background first. */
        List<SoftSums> classes(boolean background) {
            List<SoftSums> classes = new ArrayList<>();
            if (!softmax()) {
                classes.add(sums().background());
                classes.add(sums());
            } else {
                for (int c = 0; c < channels.size(); c++) {
                    classes.add(s(c).sums());
                }
            }
            return background ? classes : classes.subList(1, classes.size());
        }

        double mean(RegionLoss loss, boolean background) {
            return classes(background).stream().mapToDouble(loss::of).average().orElseThrow();
        }

        /** MONAI drops the background channel before the softmax: the others share the probability. */
        double softmaxFocal(double gamma, boolean background) {
            if (!background) {
                List<float[]> logs = new ArrayList<>();
                for (int c = 1; c < channels.size(); c++) {
                    float[] z = of.prediction().channel(c);
                    for (int i = 0; i < z.length; i++) {
                        z[i] = (float) Math.log(Math.max(z[i], 1e-7f));
                    }
                    logs.add(z);
                }
                double sum = 0;
                for (int c = 1; c < channels.size(); c++) {
                    Side side = new Side.SoftmaxLogit(of.prediction().box(), logs, c - 1);
                    sum += VoxelLosses.softmaxFocal(
                            ChannelPass.of(
                                    new Channel(side, channels.get(c).reference()),
                                    region,
                                    List.of(new Focal(gamma)),
                                    CancelSignal.none()),
                            gamma);
                }
                return sum / (channels.size() - 1);
            }
            double sum = 0;
            int from = background ? 0 : 1;
            for (int c = from; c < channels.size(); c++) {
                sum += VoxelLosses.softmaxFocal(s(c), gamma);
            }
            return sum / (channels.size() - from);
        }

        /** Focal loss when log(p) is taken for a sigmoid's logit. */
        double sigmoidFocalOfLog(double gamma, boolean background, boolean sum) {
            double total = 0;
            int from = background ? 0 : 1;
            for (int c = from; c < channels.size(); c++) {
                float[] z = of.prediction().channel(c);
                for (int i = 0; i < z.length; i++) {
                    z[i] = (float) Math.log(Math.max(z[i], 1e-7f));
                }
                Channel channel = new Channel(
                        new Side.Logit(of.prediction().box(), z),
                        channels.get(c).reference());
                total += ChannelPass.of(channel, region, List.of(new Focal(gamma)), CancelSignal.none())
                        .mean(new Focal(gamma));
            }
            return sum ? total : total / (channels.size() - from);
        }

        double crossEntropy() {
            double[] ones = new double[channels.size()];
            java.util.Arrays.fill(ones, 1);
            return VoxelLosses.crossEntropy(allStatistics(), ones);
        }

        List<ChannelStatistics> allStatistics() {
            List<ChannelStatistics> all = new ArrayList<>();
            for (int c = 0; c < channels.size(); c++) {
                all.add(s(c));
            }
            return all;
        }

        CrossMoments moments() {
            if (moments == null) {
                moments = CrossMoments.of(channels, region, CancelSignal.none());
            }
            return moments;
        }

        RankedLosses ranked() {
            if (ranked == null) {
                ranked = RankedLosses.of(channels.getFirst(), region, CancelSignal.none());
            }
            return ranked;
        }

        DistanceLosses distances(int c) {
            if (softmax()) {
                return DistanceLosses.of(channels.get(c), region.box());
            }
            if (distances == null) {
                distances = DistanceLosses.of(channels.getFirst(), region.box());
            }
            return distances;
        }

        SkeletonLosses skeleton(int iterations) {
            return skeletons.computeIfAbsent(
                    iterations, k -> SkeletonLosses.of(channels.getFirst(), region.box(), k, 1, CancelSignal.none()));
        }
    }

    /** A row of oracle.json. */
    private record Row(
            String peer,
            String metric,
            JsonNode params,
            @Nullable Double value) {
        double number(String parameter) {
            return params.get(parameter).asDouble();
        }

        boolean is(String parameter, String value) {
            return params.has(parameter) && params.get(parameter).asString().equals(value);
        }

        boolean flag(String parameter) {
            return params.has(parameter) && params.get(parameter).asBoolean();
        }

        boolean background() {
            return !params.has("include_background") || flag("include_background");
        }
    }

    @Test
    void everyPeersAnswerIsOursOrExplained() {
        compare(Path.of("src/test/resources/loss-oracles"));
    }

    @Test
    void everyPeersAnswerIsOursOrExplainedInTheWholeCollection() {
        Path all = Path.of("../shared/oracles");
        assumeThat(Files.isDirectory(all))
                .as("../shared/oracles is not here: only the ten cases of src/test/resources/loss-oracles are compared")
                .isTrue();
        ExplainedDifferences.assertDocumented(LossOracleTest.class, compare(all));
    }

    /** The answers that differ for a known reason, by the reason. */
    private static Map<String, Integer> compare(Path directory) {
        int compared = 0;
        Map<String, Integer> explained = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        for (OracleCase of : OracleCase.in(directory)) {
            if (of.kind().equals("multilabel")) {
                assertThat(of.answers().get("results").valueStream().noneMatch(r -> isLoss(row(r))))
                        .isTrue();
                continue;
            }
            Subject subject = new Subject(of);
            for (JsonNode json : of.answers().get("results")) {
                Row row = row(json);
                if (!isLoss(row)
                        || of.kind().equals("softmax")
                                && !json.get("label").asString().equals("all")) {
                    continue;
                }
                Answer answer = answer(subject, row);
                switch (answer) {
                    case null -> wrong.add(of.name() + ": nothing to compare with " + row);
                    case Explained e -> explained.merge(e.reason(), 1, Integer::sum);
                    case Ours ours -> {
                        compared++;
                        if (!agree(ours, row.value())) {
                            wrong.add(of.name() + ": " + ours.value() + " is not " + row);
                        }
                    }
                }
            }
        }
        System.out.println(directory + ": " + compared + " answers compared, "
                + explained.values().stream().mapToInt(n -> n).sum() + " explained");
        explained.forEach((reason, n) -> System.out.println("  " + n + " x " + reason));
        assertThat(compared).isGreaterThan(500);
        assertThat(wrong).isEmpty();
        return explained;
    }

    private static boolean agree(Ours ours, @Nullable Double theirs) {
        if (theirs == null || theirs.isNaN()) {
            return Double.isNaN(ours.value());
        }
        return Math.abs(ours.value() - theirs) <= ours.tolerance() * Math.max(1e-3, Math.abs(theirs));
    }

    private static Row row(JsonNode r) {
        JsonNode value = r.get("value");
        Double number = value.isNull()
                ? null
                : value.isString() ? Double.valueOf(value.asString()) : Double.valueOf(value.asDouble());
        JsonNode params =
                r.has("params") ? r.get("params") : new tools.jackson.databind.json.JsonMapper().createObjectNode();
        return new Row(r.get("peer").asString(), r.get("metric").asString(), params, number);
    }

    private static final List<String> NAMES = List.of(
            "brier",
            "ece",
            "mce",
            "class_wise_ece",
            "ece_top_label",
            "top_label_classification_error",
            "nll",
            "logarithmic_score",
            "log_loss",
            "cross_entropy",
            "bce",
            "bce_with_logits",
            "nll_2class",
            "kl_div",
            "l1",
            "mse",
            "mae",
            "rmse",
            "huber",
            "smooth_l1",
            "soft_margin",
            "hinge",
            "hinge_embedding",
            "hinge_logit",
            "hinge_logit_squared",
            "hinge_signed",
            "hinge_squared_signed",
            "keras_blog_dice",
            "log_cosh_error",
            "auroc",
            "average_precision");

    /** Losses and calibration; overlap of hard masks (also called after their thresholds) is compared elsewhere. */
    private static boolean isLoss(Row row) {
        return row.metric().endsWith("_loss")
                || NAMES.contains(row.metric()) && !row.is("input", "prediction 0/1, reference -1/+1");
    }

    private static @Nullable Answer answer(Subject subject, Row row) {
        String metric = row.metric();
        if (metric.equals("mcc_loss")) {
            // 1 - x in float32: absolute to 1e-7.
            return new Ours(new Mcc(row.number("eps")).of(subject.sums()), 1e-4);
        }
        if (metric.startsWith("soft_")) {
            return skeletonOrMargin(subject, row);
        }
        if (metric.contains("hausdorff")) {
            return hausdorff(subject, row);
        }
        if (metric.contains("dice")
                || metric.contains("jaccard")
                || metric.contains("tversky")
                || metric.contains("similarity")
                || metric.contains("sensitivity")) {
            return region(subject, row);
        }
        return voxelWise(subject, row);
    }

    private static Ours exact(double value) {
        return new Ours(value, EXACT);
    }

    private static Ours single(double value) {
        return new Ours(value, FLOAT32);
    }

    private static @Nullable Answer region(Subject subject, Row row) {
        SoftSums sums = subject.sums();
        double smooth = row.params().has("smooth") ? row.number("smooth") : 0;
        // Sums of many float32 in float32, or a softmax of logarithms: not to 1e-9.
        boolean rounded = row.peer().equals("nnunet")
                || row.params().has("input")
                || row.metric().startsWith("generalized")
                || row.metric().startsWith("sensitivity");
        double tolerance = rounded ? FLOAT32 : subject.softmax() || row.is("activation", "sigmoid") ? 1e-7 : EXACT;
        Double value = switch (row.metric()) {
            case "keras_blog_dice" -> 1 - Dice.keras().of(sums);
            case "keras_blog_dice_loss" -> Dice.keras().of(sums);
            case "dice_loss" -> {
                RegionLoss loss = dice(row, smooth);
                yield row.is("classes", "background+foreground, mean") || subject.softmax()
                        ? subject.mean(loss, row.background())
                        : loss.of(sums);
            }
            case "jaccard_loss" -> {
                RegionLoss loss = switch (row.peer()) {
                    case "monai" -> Jaccard.smooth(smooth / 2);
                    case "smp" -> new ZeroWithoutReference(new Jaccard(smooth, smooth, 1e-7));
                    default -> Jaccard.smooth(smooth);
                };
                yield subject.softmax() ? subject.mean(loss, row.background()) : loss.of(sums);
            }
            case "tversky_loss", "focal_tversky_loss" -> {
                Tversky tversky = new Tversky(
                        row.number("alpha_fp"),
                        row.number("beta_fn"),
                        smooth,
                        row.peer().equals("smp") ? 1e-7 : 0);
                RegionLoss loss =
                        row.metric().startsWith("focal") ? new FocalTversky(tversky, row.number("gamma")) : tversky;
                if (row.peer().equals("smp")) {
                    // smp leaves the class out before the exponent.
                    loss = new ZeroWithoutReference(loss);
                }
                yield subject.softmax() ? subject.mean(loss, row.background()) : loss.of(sums);
            }
            case "asymmetric_similarity_loss" ->
                Tversky.asymmetricSimilarity(row.number("beta"), smooth).of(sums);
            case "sensitivity_specificity_loss" -> new SensitivitySpecificity(row.number("r"), smooth).of(sums);
            case "log_cosh_dice_loss" -> new LogCoshDice(Dice.linear(smooth)).of(sums);
            case "generalized_dice_loss" -> generalized(row, smooth).of(subject.classes(row.background()));
            case "generalized_dice_focal_loss" ->
                GeneralizedDice.monai(Weighting.SQUARE, smooth).of(subject.classes(row.background()))
                        + subject.sigmoidFocalOfLog(2, row.background(), false);
            case "generalized_wasserstein_dice_loss" ->
                subject.moments()
                        .generalizedWassersteinDice(
                                CrossMoments.equalDistances(subject.channels.size()), row.is("weighting", "GDL"), 1e-5);
            case "dice_ce_loss" -> {
                if (!subject.softmax()) {
                    yield Dice.linear(smooth).of(sums) + subject.s(0).mean(new CrossEntropy());
                }
                double dice = subject.mean(
                        row.peer().equals("nnunet") ? NegatedScore.nnUNet(smooth) : Dice.linear(smooth),
                        row.background());
                yield dice + subject.crossEntropy();
            }
            case "dice_focal_loss" ->
                subject.softmax()
                        ? subject.mean(Dice.linear(smooth), row.background())
                                + subject.sigmoidFocalOfLog(2, row.background(), false)
                        : Dice.linear(smooth).of(sums) + subject.s(0).mean(new Focal(2));
            case "asymmetric_focal_tversky_loss" ->
                VoxelLosses.asymmetricFocalTversky(
                        subject.s(0), row.number("delta"), row.number("gamma"), row.number("epsilon"));
            default -> null;
        };
        return value == null ? null : new Ours(value, tolerance);
    }

    private static RegionLoss dice(Row row, double smooth) {
        return switch (row.peer()) {
            case "smp" -> new ZeroWithoutReference(new Dice(false, smooth, smooth, 1e-7));
            case "pytorch-3dunet" -> new Dice(true, 0, 0, 1e-6);
            case "nnunet" -> new Dice(false, smooth, smooth, 1e-8);
            case "seglossodyssey" ->
                row.is("rule", "tp,fp,fn squared voxel by voxel, then summed")
                        ? new VoxelSquaredDice(smooth)
                        : Dice.linear(smooth);
            default -> row.flag("squared") ? Dice.squared(smooth) : Dice.linear(smooth);
        };
    }

    private static GeneralizedDice generalized(Row row, double smooth) {
        if (row.peer().equals("pytorch-3dunet")) {
            return new GeneralizedDice(Weighting.SQUARE, new Guard.Floor(1e-6), 0, 0, 1e-6, 0);
        }
        if (row.is("variant", "V2")) {
            return new GeneralizedDice(Weighting.SQUARE, new Guard.Floor(1e-5), 0, 0, 0, 1e-5);
        }
        if (row.peer().equals("seglossodyssey")) {
            return new GeneralizedDice(Weighting.SQUARE, new Guard.Offset(1e-10), 2 * smooth, smooth, 0, 0);
        }
        return GeneralizedDice.monai(
                Weighting.valueOf(row.params().get("weight").asString().toUpperCase(java.util.Locale.ROOT)), smooth);
    }

    private static @Nullable Answer skeletonOrMargin(Subject subject, Row row) {
        if (row.metric().equals("soft_margin")) {
            // log(1 + exp(-y z)) is the cross-entropy of the logit z.
            return exact(subject.s(0).mean(new CrossEntropy()));
        }
        SkeletonLosses skeleton = subject.skeleton((int) row.number("iterations"));
        return exact(
                row.metric().equals("soft_cl_dice_loss")
                        ? skeleton.clDice()
                        : skeleton.diceClDice(subject.sums(), row.number("alpha"), row.number("smooth")));
    }

    private static @Nullable Answer hausdorff(Subject subject, Row row) {
        if (row.metric().equals("hausdorff_erosion_loss")) {
            return single(subject.distances(0)
                    .hausdorffErosion(
                            row.number("alpha"), (int) row.number("erosions"), DistanceLosses.Cross.PUBLISHED));
        }
        double alpha = row.number("alpha");
        if (row.metric().startsWith("log_")) {
            // log(1 + x) in float32: absolute to 5e-8.
            return new Ours(subject.distances(0).logHausdorffDistanceTransform(alpha), 5e-5);
        }
        if (row.peer().equals("hausdorffloss-patryg99")
                && subject.sums().g() == subject.sums().voxels()) {
            return new Explained(
                    "PatRyg99 Hausdorff-DT: distances to nothing where the mask is full; ours are 0, as MONAI's");
        }
        if (!subject.softmax()) {
            return single(subject.distances(0).hausdorffDistanceTransform(alpha));
        }
        double sum = 0;
        int from = row.background() ? 0 : 1;
        for (int c = from; c < subject.channels.size(); c++) {
            sum += subject.distances(c).hausdorffDistanceTransform(alpha);
        }
        return single(sum / (subject.channels.size() - from));
    }

    private static @Nullable Answer voxelWise(Subject subject, Row row) {
        ChannelStatistics s = subject.s(0);
        SoftSums sums = s.sums();
        boolean softmax = subject.softmax();
        return switch (row.metric()) {
            case "bce" ->
                row.params().has("clip")
                        ? new Ours(s.mean(new ClippedCrossEntropy(row.number("clip"))), CLIPPED)
                        : exact(s.mean(new CrossEntropy()));
            case "bce_with_logits" ->
                exact(VoxelLosses.binaryCrossEntropy(
                        s, new CrossEntropy(), row.params().has("pos_weight") ? row.number("pos_weight") : 1));
            case "nll_2class" -> new Ours(s.mean(new ClippedCrossEntropy(row.number("clip"))), CLIPPED);
            case "kl_div" ->
                new Ours(VoxelLosses.klDivergence(s, new ClippedCrossEntropy(row.number("clip"))), CLIPPED);
            case "nll" ->
                row.value() != null && row.value().isInfinite()
                        ? new Explained(
                                "MetricsReloaded nll: infinite for a certain and wrong voxel; ours has the floor 100")
                        : exact(s.mean(new CrossEntropy()));
            case "logarithmic_score" -> new Ours(-s.mean(new ClippedCrossEntropy(1e-10)), CLIPPED);
            // The answers were computed in float64, where this version of scikit-learn clips at the machine epsilon.
            case "log_loss" -> exact(s.mean(new ClippedCrossEntropy(0x1p-52)));
            case "cross_entropy" -> crossEntropy(subject, row);
            case "focal_loss" -> focal(subject, row);
            case "asymmetric_focal_loss" ->
                single(VoxelLosses.asymmetricFocal(s, row.number("delta"), row.number("gamma"), row.number("epsilon")));
            case "asymmetric_unified_focal_loss" ->
                single(VoxelLosses.asymmetricUnifiedFocal(
                        s, row.number("weight"), row.number("delta"), row.number("gamma"), row.number("epsilon")));
            case "l1", "mae" -> single(softmax ? meanOverClasses(subject, true) : VoxelLosses.l1(sums));
            case "mse" -> single(softmax ? meanOverClasses(subject, false) : VoxelLosses.l2(sums));
            case "rmse" -> single(Math.sqrt(VoxelLosses.l2(sums)));
            case "brier" -> {
                double brier =
                        softmax ? meanOverClasses(subject, false) * subject.channels.size() : VoxelLosses.l2(sums);
                yield exact(row.params().has("note") ? 2 * brier : brier);
            }
            case "huber" -> exact(s.mean(new Huber(row.number("delta"))));
            case "smooth_l1" -> exact(VoxelLosses.smoothL1(s, row.number("beta")));
            case "log_cosh_error" -> exact(s.mean(new LogCosh()));
            case "hinge" ->
                row.peer().equals("sklearn") && sums.g() == sums.voxels()
                        ? new Explained(
                                "scikit-learn hinge: a reference of one class only is taken for the negative class")
                        : exact(VoxelLosses.probabilityHinge(sums));
            case "hinge_embedding" -> exact(VoxelLosses.hingeEmbedding(sums));
            case "hinge_logit" -> exact(s.mean(new LogitHinge(false)));
            case "hinge_logit_squared" -> exact(s.mean(new LogitHinge(true)));
            case "hinge_signed" -> exact(VoxelLosses.hinge(sums));
            case "hinge_squared_signed" -> exact(VoxelLosses.squaredHinge(sums));
            case "lovasz_hinge_loss" ->
                single(
                        row.is("input", "2p-1")
                                ? subject.ranked().lovaszHingeOfProbability()
                                : subject.ranked().lovaszHinge());
            case "lovasz_softmax_loss" -> single(lovaszSoftmax(subject));
            case "auroc" -> exact(subject.ranked().auroc());
            case "average_precision" ->
                sums.g() == 0
                        ? new Explained(
                                "scikit-learn average_precision: 0 without a reference voxel; ours has no value")
                        : exact(subject.ranked().averagePrecision());
            case "ece", "mce", "class_wise_ece", "ece_top_label" -> calibration(subject, row);
            case "top_label_classification_error" ->
                new Explained(
                        "MetricsReloaded top-label error: compares the largest probability with its class's share of"
                                + " the volume, which is no calibration error");
            default -> null;
        };
    }

    private static double meanOverClasses(Subject subject, boolean absolute) {
        return subject.classes(true).stream()
                .mapToDouble(absolute ? VoxelLosses::l1 : VoxelLosses::l2)
                .average()
                .orElseThrow();
    }

    private static double lovaszSoftmax(Subject subject) {
        double sum = 0;
        int present = 0;
        for (Channel channel : subject.channels) {
            RankedLosses ranked = RankedLosses.of(channel, subject.region, CancelSignal.none());
            if (ranked.hasReference()) {
                sum += ranked.lovaszSoftmax();
                present++;
            }
        }
        return sum / present;
    }

    private static Answer crossEntropy(Subject subject, Row row) {
        ChannelStatistics s = subject.s(0);
        if (!subject.softmax()) {
            // miseval: the reference voxels only, and log(p + epsilon) with the epsilon of float32, which is above 0
            // for p = 1.
            double certain = s.cells().sumG()[ProbabilityCells.CELLS - 1];
            return single((s.term(new ClippedCrossEntropy(0x1p-23)).onReference() - 2 * 0x1p-23 * certain)
                    / s.sums().voxels());
        }
        List<ChannelStatistics> all = subject.allStatistics();
        if (row.params().has("class_weights")) {
            double[] weights = new double[all.size()];
            for (int c = 0; c < weights.length; c++) {
                weights[c] = c + 1;
            }
            return single(VoxelLosses.crossEntropy(all, weights));
        }
        if (row.params().has("label_smoothing")) {
            double[] logP = new double[all.size()];
            for (int c = 0; c < logP.length; c++) {
                BitMask everywhere = new BitMask(subject.region.box());
                for (int z = 0; z < subject.region.box().z1(); z++) {
                    for (int y = 0; y < subject.region.box().y1(); y++) {
                        everywhere.setRun(y, z, 0, subject.region.box().x1());
                    }
                }
                ProbabilityVolume p = subject.of.prediction().probability(c);
                logP[c] = ChannelPass.of(
                                Channel.of(p, everywhere),
                                subject.region,
                                List.of(new ClippedCrossEntropy(1e-7)),
                                CancelSignal.none())
                        .mean(new ClippedCrossEntropy(1e-7));
            }
            return single(VoxelLosses.smoothedCrossEntropy(all, logP, row.number("label_smoothing")));
        }
        return single(subject.crossEntropy());
    }

    private static Answer focal(Subject subject, Row row) {
        ChannelStatistics s = subject.s(0);
        double gamma = row.number("gamma");
        double alpha =
                row.params().has("alpha") && !row.params().get("alpha").isNull() ? row.number("alpha") : Double.NaN;
        if (subject.softmax()) {
            return row.is("activation", "softmax")
                    ? single(subject.softmaxFocal(gamma, row.background()))
                    : single(subject.sigmoidFocalOfLog(
                            gamma, row.background(), row.peer().equals("smp")));
        }
        if (row.peer().equals("seglossodyssey")) {
            return single(s.mean(new SmoothedFocal(gamma, row.number("smooth"))));
        }
        VoxelTerm term = row.params().has("clip") ? new ClippedFocal(gamma, row.number("clip")) : new Focal(gamma);
        double tolerance = row.peer().equals("monai") ? FLOAT32 : row.params().has("clip") ? CLIPPED : EXACT;
        return new Ours(VoxelLosses.focal(s, term, alpha), tolerance);
    }

    private static Answer calibration(Subject subject, Row row) {
        int bins = (int) row.number("bins");
        ProbabilityCells cells = row.metric().equals("ece_top_label")
                ? subject.moments().confidence()
                : subject.s(0).cells();
        boolean reloaded = row.peer().equals("metrics-reloaded");
        Calibration table = Calibration.of(cells, bins, Calibration.Closed.UPPER, !reloaded);
        if (row.metric().equals("class_wise_ece")) {
            // Every class, background included; zeros are left out of the bins but not of the number of voxels.
            double sum = 0;
            int classes = subject.softmax() ? subject.channels.size() : 2;
            for (int c = 0; c < classes; c++) {
                ProbabilityCells of = subject.softmax()
                        ? subject.s(c).cells()
                        : c == 0
                                ? subject.s(0).background().cells()
                                : subject.s(0).cells();
                Calibration ofClass = Calibration.of(of, bins, Calibration.Closed.UPPER, false);
                sum += ofClass.voxels() == 0 ? 0 : ofClass.expectedError() * ofClass.voxels() / of.voxels();
            }
            return single(sum / classes);
        }
        if (row.metric().equals("mce") && table.voxels() == 0) {
            return new Explained(
                    "MetricsReloaded mce: 0 where zeros are left out and nothing else is there; ours has no value");
        }
        return exact(row.metric().equals("mce") ? table.maximumError() : table.expectedError());
    }
}
