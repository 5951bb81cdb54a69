package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.metric.loss.RegionLoss.Dice;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

class GradientFactsTest {

    private static final Box BOX = new Box(0, 0, 0, 5, 4, 3);

    private static final List<RegionLoss> LOSSES = List.of(
            Dice.linear(0),
            Dice.linear(1),
            Dice.keras(),
            Dice.squared(1e-5),
            Dice.vnet(),
            RegionLoss.NegatedScore.nnUNet(1e-5),
            RegionLoss.Jaccard.smooth(1e-5),
            RegionLoss.Tversky.of(0.3, 0.7, 1e-5),
            new RegionLoss.FocalTversky(RegionLoss.Tversky.of(0.3, 0.7, 1), 0.75),
            new RegionLoss.LogCoshDice(Dice.linear(1)),
            new RegionLoss.SensitivitySpecificity(0.1, 1e-5),
            new RegionLoss.SemimetricDice(1e-5),
            new RegionLoss.VoxelSquaredDice(1),
            new RegionLoss.Mcc(1e-5),
            generalized(GeneralizedDice.Weighting.SQUARE, new GeneralizedDice.Guard.LargestFinite(), 0),
            generalized(GeneralizedDice.Weighting.SIMPLE, new GeneralizedDice.Guard.LargestFinite(), 0),
            generalized(GeneralizedDice.Weighting.UNIFORM, new GeneralizedDice.Guard.LargestFinite(), 0),
            generalized(GeneralizedDice.Weighting.SQUARE, new GeneralizedDice.Guard.Floor(1e-6), 1e-6),
            // The smaller class has a weighted size below it.
            generalized(GeneralizedDice.Weighting.UNIFORM, new GeneralizedDice.Guard.LargestFinite(), 58));

    private static RegionLoss generalized(
            GeneralizedDice.Weighting weighting, GeneralizedDice.Guard guard, double classFloor) {
        return new RegionLoss.GeneralizedDiceWithRest(
                new GeneralizedDice(weighting, guard, 1e-5, 1e-5, classFloor, 1e-7));
    }

    /** The loss as a function of the logits of all voxels, in doubles and from the definition of the sums. */
    private static double loss(RegionLoss loss, double[] p, boolean[] g) {
        double tp = 0;
        double fp = 0;
        double fn = 0;
        double tp2 = 0;
        double fp2 = 0;
        double fn2 = 0;
        double pp = 0;
        double gg = 0;
        for (int i = 0; i < p.length; i++) {
            pp += p[i] * p[i];
            if (g[i]) {
                tp += p[i];
                fn += 1 - p[i];
                tp2 += p[i] * p[i];
                fn2 += (1 - p[i]) * (1 - p[i]);
                gg++;
            } else {
                fp += p[i];
                fp2 += p[i] * p[i];
            }
        }
        return loss.of(new SoftSums(
                p.length, tp, fp, fn, p.length - tp - fp - fn, tp2, fp2, fn2, 0, pp, gg, fp + fn, fp2 + fn2));
    }

    @Test
    void gradientsAreCentralDifferences() {
        for (long seed = 1; seed <= 20; seed++) {
            Random random = new Random(seed);
            float[] values = new float[(int) BOX.voxelCount()];
            double[] p = new double[values.length];
            boolean[] g = new boolean[values.length];
            BitMask mask = new BitMask(BOX);
            for (int i = 0; i < values.length; i++) {
                values[i] = 0.02f + 0.96f * random.nextFloat();
                p[i] = values[i];
                g[i] = i == 0 || random.nextInt(4) == 0;
                if (g[i]) {
                    mask.set(i % 5, i / 5 % 4, i / 20);
                }
            }
            ChannelStatistics s = ChannelPass.of(
                    Channel.of(new ProbabilityVolume(BOX, values), mask),
                    Region.of(BOX),
                    List.of(),
                    CancelSignal.none());
            for (RegionLoss loss : LOSSES) {
                GradientFacts facts = GradientFacts.of(loss, s);
                List<Double> slopes = new ArrayList<>();
                double norm = 0;
                double onReference = 0;
                double logitNorm = 0;
                double logitOnReference = 0;
                for (int i = 0; i < p.length; i++) {
                    double h = 1e-5;
                    double[] up = p.clone();
                    up[i] += h;
                    double[] down = p.clone();
                    down[i] -= h;
                    double slope = (loss(loss, up, g) - loss(loss, down, g)) / (2 * h);
                    slopes.add(slope);
                    double expected = g[i]
                            ? facts.onReference() + facts.onReferencePerError() * (1 - p[i])
                            : facts.elsewhere() + facts.elsewherePerProbability() * p[i];
                    assertThat(expected).as(loss.name()).isCloseTo(slope, within(1e-8));
                    double logit = slope * p[i] * (1 - p[i]);
                    norm += slope * slope;
                    logitNorm += logit * logit;
                    onReference += g[i] ? slope * slope : 0;
                    logitOnReference += g[i] ? logit * logit : 0;
                }
                assertThat(facts.norm()).as(loss.name()).isCloseTo(Math.sqrt(norm), within(1e-6));
                assertThat(facts.shareOnReference()).as(loss.name()).isCloseTo(onReference / norm, within(1e-6));
                assertThat(facts.logitNorm()).as(loss.name()).isCloseTo(Math.sqrt(logitNorm), within(1e-6));
                assertThat(facts.logitShareOnReference())
                        .as(loss.name())
                        .isCloseTo(logitOnReference / logitNorm, within(1e-6));
            }
        }
    }

    /** A loss that adds a mean over voxels to a function of sums, both parts as functions of the probabilities. */
    private record Compound(ToDoubleFunction<double[]> region, ToDoubleFunction<double[]> voxels) {
        double of(double[] p) {
            return region.applyAsDouble(p) + voxels.applyAsDouble(p);
        }
    }

    private static double sum(
            double[] p, boolean[] g, DoubleBinaryOperator onReference, DoubleBinaryOperator elsewhere) {
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            double q = 1 - p[i];
            sum += g[i] ? onReference.applyAsDouble(p[i], q) : elsewhere.applyAsDouble(q, p[i]);
        }
        return sum;
    }

    private static double surprise(double right, double e) {
        return right < 0.5 ? -Math.log(right) : -Math.log1p(-e);
    }

    private static double mean(double[] p, boolean[] g, DoubleBinaryOperator term) {
        return sum(p, g, term, term) / p.length;
    }

    /** Dice of the structure or of the rest. */
    private static double dice(double[] p, boolean[] g, boolean rest) {
        double tp = 0;
        double size = 0;
        for (int i = 0; i < p.length; i++) {
            double value = rest ? 1 - p[i] : p[i];
            boolean own = g[i] != rest;
            tp += own ? value : 0;
            size += value + (own ? 1 : 0);
        }
        return (2 * tp + 1e-5) / (size + 1e-5);
    }

    private static double generalized(double[] p, boolean[] g) {
        double[] volume = new double[2];
        double[] tp = new double[2];
        double[] size = new double[2];
        for (int i = 0; i < p.length; i++) {
            volume[g[i] ? 1 : 0]++;
            tp[g[i] ? 1 : 0] += g[i] ? p[i] : 1 - p[i];
            size[0] += 1 - p[i] + (g[i] ? 0 : 1);
            size[1] += p[i] + (g[i] ? 1 : 0);
        }
        double[] w = {1 / (volume[0] * volume[0]), 1 / (volume[1] * volume[1])};
        return 1 - (2 * (w[0] * tp[0] + w[1] * tp[1]) + 1e-5) / (w[0] * size[0] + w[1] * size[1] + 1e-5);
    }

    private static double[] clipped(double[] p) {
        return Arrays.stream(p).map(v -> Math.min(Math.max(v, 1e-7), 1 - 1e-7)).toArray();
    }

    private static double focalTversky(double[] all, boolean[] g, double delta, double gamma, boolean symmetric) {
        double[] p = clipped(all);
        double loss = 0;
        for (boolean rest : new boolean[] {false, true}) {
            double tp = 0;
            double fp = 0;
            double fn = 0;
            for (int i = 0; i < p.length; i++) {
                double value = rest ? 1 - p[i] : p[i];
                boolean own = g[i] != rest;
                tp += own ? value : 0;
                fn += own ? 1 - value : 0;
                fp += own ? 0 : value;
            }
            double missing = 1 - (tp + 1e-7) / (tp + delta * fn + (1 - delta) * fp + 1e-7);
            loss += 0.5 * (rest && !symmetric ? missing : Math.pow(missing, 1 - gamma));
        }
        return loss;
    }

    private static double focal(double[] all, boolean[] g, double delta, double gamma, boolean symmetric) {
        DoubleBinaryOperator focal = (right, e) -> Math.pow(e, gamma) * surprise(right, e);
        return sum(
                        clipped(all),
                        g,
                        (right, e) -> delta * (symmetric ? focal.applyAsDouble(right, e) : surprise(right, e)),
                        (right, e) -> (1 - delta) * focal.applyAsDouble(right, e))
                / all.length;
    }

    private static Map<String, Compound> compounds(boolean[] g) {
        DoubleBinaryOperator crossEntropy = GradientFactsTest::surprise;
        DoubleBinaryOperator focal = (right, e) -> e * e * surprise(right, e);
        DoubleBinaryOperator power = (right, e) -> Math.pow(surprise(right, e), 0.3);
        int size = 0;
        for (boolean own : g) {
            size += own ? 1 : 0;
        }
        double n = g.length;
        double reference = Math.sqrt(n / size) / n;
        double rest = Math.sqrt(n / (n - size)) / n;
        Map<String, Compound> all = new LinkedHashMap<>();
        all.put("dice_ce_loss", new Compound(p -> 1 - dice(p, g, false), p -> mean(p, g, crossEntropy)));
        all.put("dice_focal_loss", new Compound(p -> 1 - dice(p, g, false), p -> mean(p, g, focal)));
        all.put("generalized_dice_focal_loss", new Compound(p -> generalized(p, g), p -> mean(p, g, focal)));
        all.put("combo_loss", new Compound(p -> -0.5 * dice(p, g, false), p -> 0.25 * mean(p, g, crossEntropy)));
        all.put(
                "exponential_logarithmic_loss",
                new Compound(
                        p -> 0.4 * Math.pow(-Math.log(dice(p, g, false)), 0.3)
                                + 0.4 * Math.pow(-Math.log(dice(p, g, true)), 0.3),
                        p -> 0.2
                                * sum(
                                        p,
                                        g,
                                        (right, e) -> reference * power.applyAsDouble(right, e),
                                        (right, e) -> rest * power.applyAsDouble(right, e))));
        for (boolean symmetric : new boolean[] {false, true}) {
            String prefix = symmetric ? "symmetric_" : "asymmetric_";
            all.put(prefix + "focal_loss", new Compound(p -> 0, p -> focal(p, g, 0.7, 2, symmetric)));
            all.put(prefix + "focal_tversky_loss", new Compound(p -> focalTversky(p, g, 0.7, 0.75, symmetric), p -> 0));
            all.put(
                    prefix + "unified_focal_loss",
                    new Compound(
                            p -> 0.5 * focalTversky(p, g, 0.6, 0.5, symmetric),
                            p -> 0.5 * focal(p, g, 0.6, 0.5, symmetric)));
        }
        all.put(
                "asymmetric_unified_focal_loss_delta_07",
                new Compound(p -> 0.5 * focalTversky(p, g, 0.7, 0.5, false), p -> 0.5 * focal(p, g, 0.7, 0.5, false)));
        return all;
    }

    /**
     * Slope by slope.
     *
     * @param step 0 for steps that stay on the same side of a clip
     */
    private static double[] slopes(double[] p, ToDoubleFunction<double[]> loss, double step) {
        double[] slopes = new double[p.length];
        double[] at = p.clone();
        for (int i = 0; i < p.length; i++) {
            double h = step > 0 ? step : Math.min(1e-6, 2e-4 * Math.min(p[i], 1 - p[i]));
            at[i] = p[i] + h;
            double above = at[i];
            double up = loss.applyAsDouble(at);
            at[i] = p[i] - h;
            slopes[i] = (up - loss.applyAsDouble(at)) / (above - at[i]);
            at[i] = p[i];
        }
        return slopes;
    }

    private static double norm(double[] p, double[] slopes, boolean throughSigmoid) {
        double square = 0;
        for (int i = 0; i < p.length; i++) {
            square += Math.pow(slopes[i] * (throughSigmoid ? p[i] * (1 - p[i]) : 1), 2);
        }
        return Math.sqrt(square);
    }

    /** Some of the seeds have probabilities beyond the clip of the unified focal losses, and near 0 and 1. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void gradientsOfCompoundLossesAreCentralDifferences(long seed) {
        Random random = new Random(seed);
        float[] values = new float[(int) BOX.voxelCount()];
        boolean[] g = new boolean[values.length];
        BitMask mask = new BitMask(BOX);
        float[] extremes = {3e-8f, 1e-4f, Math.nextDown(1f), 0.9999f};
        for (int i = 0; i < values.length; i++) {
            values[i] = seed % 2 == 0 && i % 9 == 0
                    ? extremes[random.nextInt(extremes.length)]
                    : 0.02f + 0.96f * random.nextFloat();
            g[i] = i == 0 || random.nextInt(3) == 0;
            if (g[i]) {
                mask.set(i % 5, i / 5 % 4, i / 20);
            }
        }
        double[] p = new double[values.length];
        Arrays.setAll(p, i -> values[i]);
        Map<String, GradientFacts> gradients = LossLaboratory.measure(
                        List.of(Channel.of(new ProbabilityVolume(BOX, values), mask)),
                        Region.of(BOX),
                        new double[] {1, 1, 1},
                        LossSettings.defaults().onePass(),
                        CancelSignal.none())
                .channels()
                .getFirst()
                .gradients();
        Map<String, Compound> losses = compounds(g);
        assertThat(gradients.entrySet().stream()
                        .filter(of -> of.getValue().parts() != null)
                        .map(Map.Entry::getKey))
                .containsExactlyInAnyOrderElementsOf(losses.keySet());
        losses.forEach((name, loss) -> {
            GradientFacts facts = Objects.requireNonNull(gradients.get(name));
            GradientFacts.Parts parts = Objects.requireNonNull(facts.parts());
            double[] slopes = slopes(p, loss::of, 0);
            // The sums are smooth where no clip is in the way, and tiny steps would drown in rounding.
            double[] ofRegion = slopes(p, loss.region(), name.contains("symmetric_") ? 0 : 1e-5);
            double[] ofVoxels = slopes(p, loss.voxels(), 0);
            double[] onReference = slopes.clone();
            for (int i = 0; i < p.length; i++) {
                onReference[i] = g[i] ? slopes[i] : 0;
                // Where the clip does not stop it, the part of the sums has one slope for each kind of voxel.
                if (p[i] > 1e-7 && p[i] < 1 - 1e-7) {
                    assertThat(g[i] ? facts.onReference() : facts.elsewhere())
                            .as(name)
                            .isCloseTo(ofRegion[i], within(1e-7));
                }
            }
            assertThat(facts.onReferencePerError()).isZero();
            assertThat(facts.elsewherePerProbability()).isZero();
            for (boolean sigmoid : new boolean[] {false, true}) {
                double expected = norm(p, slopes, sigmoid);
                assertClose(name + " norm " + sigmoid, sigmoid ? facts.logitNorm() : facts.norm(), expected);
                assertClose(
                        name + " share " + sigmoid,
                        sigmoid ? facts.logitShareOnReference() : facts.shareOnReference(),
                        Math.pow(norm(p, onReference, sigmoid) / expected, 2));
                assertClose(
                        name + " region " + sigmoid,
                        sigmoid ? parts.regionLogitNorm() : parts.regionNorm(),
                        norm(p, ofRegion, sigmoid));
                assertClose(
                        name + " voxels " + sigmoid,
                        sigmoid ? parts.voxelLogitNorm() : parts.voxelNorm(),
                        norm(p, ofVoxels, sigmoid));
            }
        });
    }

    private static void assertClose(String name, double actual, double expected) {
        assertThat(actual).as(name).isCloseTo(expected, within(1e-6 * Math.max(1, Math.abs(expected))));
    }

    /** A certain voxel that is wrong has no finite slope of the logarithm; through a sigmoid that of cross-entropy is p - g. */
    @Test
    void certainVoxelsHaveSlopesThroughASigmoidOnly() {
        Box row = new Box(0, 0, 0, 4, 1, 1);
        BitMask g = new BitMask(row);
        g.setRun(0, 0, 0, 2);
        float[] p = {1, 0, 1, 0};
        Map<String, GradientFacts> gradients = LossLaboratory.measure(
                        List.of(Channel.of(new ProbabilityVolume(row, p), g)),
                        Region.of(row),
                        new double[] {1, 1, 1},
                        LossSettings.defaults().onePass(),
                        CancelSignal.none())
                .channels()
                .getFirst()
                .gradients();
        GradientFacts facts = Objects.requireNonNull(gradients.get("dice_ce_loss"));
        assertThat(facts.norm()).isInfinite();
        assertThat(facts.logitNorm()).isCloseTo(Math.sqrt(2) / 4, within(1e-15));
        // Nothing passes a clip.
        assertThat(Objects.requireNonNull(gradients.get("symmetric_unified_focal_loss"))
                        .norm())
                .isZero();
    }

    /** Three classes, the first the background, whose probabilities sum to 1. */
    private record Classes(List<float[]> p, int[] label, List<Channel> channels) {
        static Classes random(Random random) {
            int n = (int) BOX.voxelCount();
            List<float[]> p = List.of(new float[n], new float[n], new float[n]);
            int[] label = new int[n];
            List<BitMask> masks = List.of(new BitMask(BOX), new BitMask(BOX), new BitMask(BOX));
            for (int i = 0; i < n; i++) {
                float a = 0.05f + 0.4f * random.nextFloat();
                float b = 0.05f + 0.4f * random.nextFloat();
                p.get(1)[i] = a;
                p.get(2)[i] = b;
                p.get(0)[i] = 1 - a - b;
                label[i] = i < 3 ? i : random.nextInt(3);
                masks.get(label[i]).set(i % 5, i / 5 % 4, i / 20);
            }
            List<Channel> channels = new ArrayList<>();
            for (int c = 0; c < 3; c++) {
                channels.add(Channel.of(new ProbabilityVolume(BOX, p.get(c)), masks.get(c)));
            }
            return new Classes(p, label, channels);
        }

        double[][] doubles() {
            double[][] doubles = new double[3][(int) BOX.voxelCount()];
            for (int c = 0; c < 3; c++) {
                for (int i = 0; i < doubles[c].length; i++) {
                    doubles[c][i] = p.get(c)[i];
                }
            }
            return doubles;
        }
    }

    private static List<SoftSums> sums(double[][] p, int[] label) {
        List<SoftSums> sums = new ArrayList<>();
        for (int c = 0; c < 3; c++) {
            double tp = 0;
            double fp = 0;
            double fn = 0;
            double pp = 0;
            double gg = 0;
            for (int i = 0; i < label.length; i++) {
                tp += label[i] == c ? p[c][i] : 0;
                fn += label[i] == c ? 1 - p[c][i] : 0;
                fp += label[i] == c ? 0 : p[c][i];
                pp += p[c][i] * p[c][i];
                gg += label[i] == c ? 1 : 0;
            }
            sums.add(new SoftSums(
                    label.length,
                    tp,
                    fp,
                    fn,
                    label.length - tp - fp - fn,
                    0,
                    0,
                    0,
                    0,
                    pp,
                    gg,
                    fp + fn,
                    pp + gg - 2 * tp));
        }
        return sums;
    }

    private static double mean(RegionLoss loss, List<SoftSums> classes) {
        return classes.stream().mapToDouble(loss::of).average().orElseThrow();
    }

    @Test
    void gradientsOfAllClassesAreCentralDifferences() {
        Map<String, ToDoubleFunction<List<SoftSums>>> losses = new LinkedHashMap<>();
        losses.put("dice_loss", s -> mean(Dice.linear(1e-5), s));
        losses.put("dice_loss_squared", s -> mean(Dice.squared(1e-5), s));
        losses.put("jaccard_loss", s -> mean(RegionLoss.Jaccard.smooth(1e-5), s));
        losses.put("tversky_loss", s -> mean(RegionLoss.Tversky.of(0.3, 0.7, 1e-5), s));
        losses.put("dice_loss_pooled", s -> Dice.linear(1e-5).of(s.stream().reduce(SoftSums.NONE, SoftSums::plus)));
        losses.put(
                "generalized_dice_loss",
                s -> GeneralizedDice.monai(GeneralizedDice.Weighting.SQUARE, 1e-5)
                        .of(s));
        losses.put(
                "generalized_dice_loss_by_volume",
                s -> GeneralizedDice.monai(GeneralizedDice.Weighting.SIMPLE, 1e-5)
                        .of(s));
        losses.put(
                "generalized_dice_loss_unweighted",
                s -> GeneralizedDice.monai(GeneralizedDice.Weighting.UNIFORM, 1e-5)
                        .of(s));
        for (long seed = 1; seed <= 5; seed++) {
            Classes classes = Classes.random(new Random(seed));
            Map<String, ClassGradient> gradients = report(classes).gradients();
            Map<String, ToDoubleFunction<double[][]>> all = compounds(classes.label);
            losses.forEach((name, loss) -> all.put(name, at -> loss.applyAsDouble(sums(at, classes.label))));
            assertThat(gradients).containsOnlyKeys(all.keySet());
            all.forEach((name, loss) -> {
                ClassGradient gradient = Objects.requireNonNull(gradients.get(name));
                double[][] p = classes.doubles();
                double square = 0;
                double onReference = 0;
                double logitSquare = 0;
                for (int c = 0; c < 3; c++) {
                    GradientFacts facts = gradient.classes().get(c);
                    for (int i = 0; i < classes.label.length; i++) {
                        double slope = slope(p, c, i, loss);
                        boolean own = classes.label[i] == c;
                        assertThat(
                                        facts.parts() != null
                                                ? slope
                                                : own
                                                        ? facts.onReference()
                                                                + facts.onReferencePerError() * (1 - p[c][i])
                                                        : facts.elsewhere() + facts.elsewherePerProbability() * p[c][i])
                                .as(name)
                                .isCloseTo(slope, within(1e-8));
                        square += slope * slope;
                        onReference += own ? slope * slope : 0;
                        logitSquare += Math.pow(slope * p[c][i] * (1 - p[c][i]), 2);
                    }
                }
                assertThat(gradient.norm()).as(name).isCloseTo(Math.sqrt(square), within(1e-7));
                assertThat(gradient.shareOnReference()).as(name).isCloseTo(onReference / square, within(1e-6));
                assertThat(gradient.logitNorm()).as(name).isCloseTo(Math.sqrt(logitSquare), within(1e-7));
            });
        }
    }

    /** The losses that add a mean over the voxels' own classes to that of Dice. */
    private static Map<String, ToDoubleFunction<double[][]>> compounds(int[] label) {
        ToDoubleFunction<double[][]> crossEntropy = at -> {
            double sum = 0;
            for (int i = 0; i < label.length; i++) {
                sum -= Math.log(at[label[i]][i]);
            }
            return sum / label.length;
        };
        ToDoubleFunction<double[][]> focal = at -> {
            double sum = 0;
            for (int i = 0; i < label.length; i++) {
                double right = at[label[i]][i];
                sum -= (1 - right) * (1 - right) * Math.log(right);
            }
            return sum / label.length / 3;
        };
        GeneralizedDice generalized = GeneralizedDice.monai(GeneralizedDice.Weighting.SQUARE, 1e-5);
        Map<String, ToDoubleFunction<double[][]>> all = new LinkedHashMap<>();
        all.put("dice_ce_loss", at -> mean(Dice.linear(1e-5), sums(at, label)) + crossEntropy.applyAsDouble(at));
        all.put("dice_focal_loss", at -> mean(Dice.linear(1e-5), sums(at, label)) + focal.applyAsDouble(at));
        all.put("generalized_dice_focal_loss", at -> generalized.of(sums(at, label)) + focal.applyAsDouble(at));
        return all;
    }

    private static LossReport report(Classes classes) {
        return LossLaboratory.measure(
                classes.channels,
                Region.of(BOX),
                new double[] {1, 1, 1},
                LossSettings.defaults().onePass(),
                CancelSignal.none());
    }

    private static double slope(double[][] at, int c, int i, ToDoubleFunction<double[][]> loss) {
        double h = 1e-5;
        double before = at[c][i];
        at[c][i] = before + h;
        double up = loss.applyAsDouble(at);
        at[c][i] = before - h;
        double down = loss.applyAsDouble(at);
        at[c][i] = before;
        return (up - down) / (2 * h);
    }

    @Test
    void wassersteinGradientsAreCentralDifferences() {
        for (long seed = 1; seed <= 5; seed++) {
            Classes classes = Classes.random(new Random(seed));
            int[] label = classes.label;
            Map<String, WassersteinGradient> gradients = report(classes).wasserstein();
            assertThat(gradients)
                    .containsOnlyKeys(
                            "generalized_wasserstein_dice_loss", "generalized_wasserstein_dice_loss_by_volume");
            for (boolean byVolume : new boolean[] {false, true}) {
                WassersteinGradient gradient = Objects.requireNonNull(
                        gradients.get("generalized_wasserstein_dice_loss" + (byVolume ? "_by_volume" : "")));
                double[][] p = classes.doubles();
                double[][] z = new double[3][label.length];
                for (int c = 0; c < 3; c++) {
                    for (int i = 0; i < label.length; i++) {
                        z[c][i] = Math.log(p[c][i]);
                    }
                }
                double square = 0;
                double foreground = 0;
                double softmaxSquare = 0;
                double softmaxForeground = 0;
                for (int i = 0; i < label.length; i++) {
                    for (int c = 0; c < 3; c++) {
                        double slope = slope(p, c, i, at -> wasserstein(at, label, byVolume));
                        assertThat(c == label[i] ? 0 : gradient.perError().get(label[i]))
                                .isCloseTo(slope, within(1e-8));
                        double through = slope(z, c, i, at -> wasserstein(softmax(at), label, byVolume));
                        square += slope * slope;
                        softmaxSquare += through * through;
                        foreground += label[i] == 0 ? 0 : slope * slope;
                        softmaxForeground += label[i] == 0 ? 0 : through * through;
                    }
                }
                assertThat(gradient.norm()).isCloseTo(Math.sqrt(square), within(1e-7));
                assertThat(gradient.shareOnForeground()).isCloseTo(foreground / square, within(1e-6));
                assertThat(gradient.softmaxNorm()).isCloseTo(Math.sqrt(softmaxSquare), within(1e-7));
                assertThat(gradient.softmaxShareOnForeground())
                        .isCloseTo(softmaxForeground / softmaxSquare, within(1e-6));
            }
        }
    }

    private static double[][] softmax(double[][] z) {
        double[][] p = new double[3][z[0].length];
        for (int i = 0; i < z[0].length; i++) {
            double sum = Math.exp(z[0][i]) + Math.exp(z[1][i]) + Math.exp(z[2][i]);
            for (int c = 0; c < 3; c++) {
                p[c][i] = Math.exp(z[c][i]) / sum;
            }
        }
        return p;
    }

    /** By the paper: the error of a voxel is the probability of all classes but its own. */
    private static double wasserstein(double[][] p, int[] label, boolean byVolume) {
        double[] volume = new double[3];
        double[] error = new double[3];
        for (int i = 0; i < label.length; i++) {
            volume[label[i]]++;
            for (int c = 0; c < 3; c++) {
                error[label[i]] += c == label[i] ? 0 : p[c][i];
            }
        }
        double tp = 0;
        double errors = 0;
        for (int k = 0; k < 3; k++) {
            double weight = byVolume ? 1 / (volume[k] + 1) : k == 0 ? 0 : 1;
            tp += weight * (volume[k] - error[k]);
            errors += byVolume ? weight * error[k] : error[k];
        }
        return 1 - (2 * tp + 1e-5) / (2 * tp + errors + 1e-5);
    }

    @Test
    void linearDiceHasTwoSlopesInTheWholeImage() {
        ChannelStatistics s = certain(80, 10, 12, 898);
        GradientFacts dice = GradientFacts.of(Dice.linear(0), s);
        double d = 160.0 / 182;
        assertThat(dice.onReference()).isCloseTo(-(2 - d) / 182, within(1e-15));
        assertThat(dice.elsewhere()).isCloseTo(d / 182, within(1e-15));
        assertThat(dice.onReferencePerError()).isZero();
        assertThat(dice.elsewherePerProbability()).isZero();
        assertThat(dice.norm()).isCloseTo(Math.sqrt(92 * (2 - d) * (2 - d) + 908 * d * d) / 182, within(1e-15));
        assertThat(dice.shareOnReference())
                .isCloseTo(92 * (2 - d) * (2 - d) / (92 * (2 - d) * (2 - d) + 908 * d * d), within(1e-15));
        // Certain probabilities let nothing through a sigmoid.
        assertThat(dice.logitNorm()).isZero();
    }

    @Test
    void squaredDiceLeavesBackgroundAloneThatIsAtZero() {
        GradientFacts vnet = GradientFacts.of(Dice.vnet(), certain(80, 0, 12, 898));
        assertThat(vnet.elsewhere()).isZero();
        assertThat(vnet.shareOnReference()).isCloseTo(1, within(1e-12));
    }

    private static ChannelStatistics certain(int tp, int fp, int fn, int tn) {
        Box row = new Box(0, 0, 0, tp + fp + fn + tn, 1, 1);
        BitMask p = new BitMask(row);
        BitMask g = new BitMask(row);
        p.setRun(0, 0, 0, tp + fp);
        g.setRun(0, 0, 0, tp);
        g.setRun(0, 0, tp + fp, tp + fp + fn);
        return ChannelPass.of(Channel.of(p, g), Region.of(row), List.of(), CancelSignal.none());
    }

    @Test
    void softFactsTellWhatHardeningHides() {
        // The golden case of a leaking background: object 1000 of 100,000 voxels, p = 0.9 inside and 0.01 outside.
        Box box = new Box(0, 0, 0, 100, 100, 10);
        float[] p = new float[100_000];
        BitMask g = new BitMask(box);
        for (int i = 0; i < p.length; i++) {
            p[i] = i < 1000 ? 0.9f : 0.01f;
            if (i < 1000) {
                g.set(i % 100, i / 100, 0);
            }
        }
        SoftFacts facts = SoftFacts.of(ChannelPass.of(
                Channel.of(new ProbabilityVolume(box, p), g), Region.of(box), List.of(), CancelSignal.none()));
        assertThat(facts.softDice()).isCloseTo(0.623, within(5e-4));
        assertThat(facts.hardDice()).isEqualTo(1);
        assertThat(facts.softHardGap()).isCloseTo(0.377, within(5e-4));
        assertThat(facts.leak()).isCloseTo(990, within(1e-3));
        assertThat(facts.hardVolume()).isEqualTo(1000);
        assertThat(facts.softVolume()).isCloseTo(1890, within(1e-3));
        assertThat(facts.saturatedOnReference()).isZero();
    }
}
