package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
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
            new RegionLoss.Mcc(1e-5));

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
                    assertThat(expected).as(loss.name()).isCloseTo(slope, within(1e-6));
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
