package org.segmeter.metric.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.MetricValue.State;
import org.segmeter.metric.calibration.BoundaryBand;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.ProbabilityVolume;

class LossLaboratoryTest {

    private static final Box BOX = new Box(0, 0, 0, 20, 12, 6);
    private static final double[] SPACING = {1, 1, 2.5};

    private static LossReport measure(Channel... channels) {
        return LossLaboratory.measure(
                List.of(channels), Region.of(BOX), SPACING, LossSettings.defaults(), CancelSignal.none());
    }

    private static double value(Map<String, List<MetricValue>> losses, String name) {
        Number value = losses.get(name).getFirst().value();
        assertThat(value).as(name).isNotNull();
        return value.doubleValue();
    }

    @Test
    void aPerfectMaskCostsNothing() {
        BitMask g = Volumes.mask(BOX, 0.2, new Random(1));
        Map<String, List<MetricValue>> losses =
                measure(Channel.of(g, g)).channels().getFirst().losses();
        for (String name : List.of(
                "dice_loss",
                "keras_dice_loss",
                "vnet_dice_loss",
                "jaccard_loss",
                "tversky_loss",
                "bce",
                "focal_loss",
                "l1",
                "mse",
                "huber",
                "hinge",
                "lovasz_softmax_loss",
                "top_k_loss",
                "soft_cl_dice_loss",
                "hausdorff_dt_loss",
                "dice_ce_loss")) {
            assertThat(value(losses, name)).as(name).isCloseTo(0, within(1e-9));
        }
        // Its epsilon is added to the errors too.
        assertThat(value(losses, "mcc_loss")).isCloseTo(0, within(1e-6));
        assertThat(value(losses, "nnunet_dice_loss")).isCloseTo(-1, within(1e-12));
    }

    @Test
    void emptyMasksHaveStatesWhereADefinitionDividesByZero() {
        BitMask none = new BitMask(BOX);
        Map<String, List<MetricValue>> losses =
                measure(Channel.of(none, none)).channels().getFirst().losses();
        assertThat(losses.get("vnet_dice_loss").getFirst().state()).isEqualTo(State.BOTH_EMPTY);
        assertThat(losses.get("vnet_dice_loss").getFirst().value()).isNull();
        assertThat(value(losses, "keras_dice_loss")).isZero();
        BitMask some = Volumes.mask(BOX, 0.1, new Random(2));
        assertThat(value(measure(Channel.of(some, none)).channels().getFirst().losses(), "vnet_dice_loss"))
                .isEqualTo(1);
        assertThat(value(measure(Channel.of(none, some)).channels().getFirst().losses(), "vnet_dice_loss"))
                .isEqualTo(1);
    }

    @Test
    void aSoftReferenceSaysWhatItCannotHave() {
        Random random = new Random(3);
        ProbabilityVolume p = Volumes.probabilities(BOX, random);
        Channel same = new Channel(new Side.Probability(p), new Side.Probability(p));
        LossReport.OfChannel report = measure(same).channels().getFirst();
        assertThat(report.losses().get("lovasz_softmax_loss").getFirst().state())
                .isEqualTo(State.NOT_APPLICABLE);
        assertThat(report.facts()).isNull();
        assertThat(value(report.losses(), "dice_semimetric_loss")).isZero();
        assertThat(value(report.losses(), "dice_loss")).isPositive();
        assertThat(value(report.losses(), "l1")).isZero();
        assertThat(value(report.losses(), "kl_divergence")).isCloseTo(0, within(1e-9));
    }

    @Test
    void aSoftmaxIsTheSameFromProbabilitiesAndFromLogits() {
        Random random = new Random(4);
        int n = (int) BOX.voxelCount();
        List<float[]> logits = List.of(new float[n], new float[n], new float[n]);
        List<float[]> p = List.of(new float[n], new float[n], new float[n]);
        List<BitMask> g = List.of(new BitMask(BOX), new BitMask(BOX), new BitMask(BOX));
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (float[] z : logits) {
                z[i] = (float) random.nextGaussian();
                sum += Math.exp(z[i]);
            }
            for (int c = 0; c < 3; c++) {
                p.get(c)[i] = (float) (Math.exp(logits.get(c)[i]) / sum);
            }
            g.get(random.nextInt(3)).set(i % 20, i / 20 % 12, i / 240);
        }
        List<Channel> fromLogits = new ArrayList<>();
        List<Channel> fromP = new ArrayList<>();
        for (int c = 0; c < 3; c++) {
            fromLogits.add(new Channel(new Side.SoftmaxLogit(BOX, logits, c), new Side.Hard(g.get(c))));
            fromP.add(Channel.of(new ProbabilityVolume(BOX, p.get(c)), g.get(c)));
        }
        Map<String, List<MetricValue>> a =
                measure(fromLogits.toArray(Channel[]::new)).overall();
        Map<String, List<MetricValue>> b =
                measure(fromP.toArray(Channel[]::new)).overall();
        assertThat(a.keySet()).isEqualTo(b.keySet()).contains("cross_entropy", "generalized_wasserstein_dice_loss");
        a.forEach((name, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertThat(values.get(i).parameters())
                        .isEqualTo(b.get(name).get(i).parameters());
                assertThat((Double) values.get(i).value())
                        .as(name)
                        .isCloseTo((Double) b.get(name).get(i).value(), within(1e-6));
            }
        });
    }

    @Test
    void aRegionLeavesOutWhatIsIgnored() {
        Random random = new Random(5);
        BitMask g = Volumes.mask(BOX, 0.3, random);
        BitMask p = Volumes.mask(BOX, 0.3, random);
        BitMask agreed = new BitMask(BOX);
        for (int i = 0; i < BOX.voxelCount(); i++) {
            int x = i % 20;
            int y = i / 20 % 12;
            int z = i / 240;
            if (p.contains(x, y, z) == g.contains(x, y, z)) {
                agreed.set(x, y, z);
            }
        }
        Map<String, List<MetricValue>> losses = LossLaboratory.measure(
                        List.of(Channel.of(p, g)),
                        new Region(BOX, agreed),
                        SPACING,
                        LossSettings.defaults(),
                        CancelSignal.none())
                .channels()
                .getFirst()
                .losses();
        assertThat(value(losses, "dice_loss")).isZero();
        assertThat(losses.get("boundary_loss").getFirst().state()).isEqualTo(State.NOT_APPLICABLE);
    }

    @Test
    void aSmallStructureInALargeVolumeNeedsLittleMemory() {
        Box large = new Box(0, 0, 0, 2000, 1000, 1000);
        BitMask g = new BitMask(new Box(960, 500, 500, 1024, 508, 508));
        BitMask p = new BitMask(new Box(960, 500, 500, 1024, 508, 508));
        for (int z = 501; z < 507; z++) {
            for (int y = 501; y < 507; y++) {
                g.setRun(y, z, 970, 1010);
                p.setRun(y, z, 972, 1012);
            }
        }
        Box small = new Box(900, 480, 480, 1100, 520, 520);
        DistanceLosses far = DistanceLosses.of(Channel.of(p, g), large);
        DistanceLosses near = DistanceLosses.of(Channel.of(p, g), small);
        double ratio = large.voxelCount() / (double) small.voxelCount();
        assertThat(far.hausdorffDistanceTransform(2) * ratio)
                .isCloseTo(near.hausdorffDistanceTransform(2), within(1e-12))
                .isPositive();
        assertThat(far.boundary(SPACING) * ratio).isCloseTo(near.boundary(SPACING), within(1e-12));
        assertThat(SkeletonLosses.of(Channel.of(p, g), large, 3, 1, CancelSignal.none())
                        .clDice())
                .isEqualTo(SkeletonLosses.of(Channel.of(p, g), small, 3, 1, CancelSignal.none())
                        .clDice());
    }

    @Test
    void theBandHoldsTheVoxelsOnBothSidesOfTheBoundary() {
        BitMask g = new BitMask(BOX);
        for (int z = 1; z < 6; z++) {
            for (int y = 2; y < 9; y++) {
                g.setRun(y, z, 3, 15);
            }
        }
        BitMask band = BoundaryBand.of(g, BOX, 1).within();
        assertThat(band).isNotNull();
        assertThat(band.contains(3, 5, 3)).isTrue();
        assertThat(band.contains(2, 5, 3)).isTrue();
        assertThat(band.contains(4, 5, 3)).isFalse();
        assertThat(band.contains(1, 5, 3)).isFalse();
        // The structure is cut by the border of the grid at z = 5: its last voxels are boundary.
        assertThat(band.contains(8, 5, 5)).isTrue();
        long inner = 10 * 5 * 3;
        long shell = 2 * 7 * 5 + 2 * 12 * 5 + 12 * 7;
        assertThat(band.count()).isEqualTo(12 * 7 * 5 - inner + shell);
        assertThat(BoundaryBand.of(new BitMask(BOX), BOX, 2).within()).isEqualTo(new BitMask(BOX));
    }

    @Test
    void parametersThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new LossSettings(
                        -1, 0.3, 2, 0.25, 10, 0.1, 0.5, 3, List.of(), LossSettings.Reduction.MEAN, true, true))
                .hasMessageContaining("smooth");
        assertThatThrownBy(() -> new LossSettings(
                        1, 0.3, Double.NaN, 0.25, 10, 0.1, 0.5, 3, List.of(), LossSettings.Reduction.MEAN, true, true))
                .hasMessageContaining("focal exponent");
        assertThatThrownBy(() -> measure()).hasMessageContaining("at least one channel");
    }
}
