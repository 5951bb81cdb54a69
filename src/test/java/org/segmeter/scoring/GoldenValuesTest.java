package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.segmeter.metric.ConfusionCounts;
import org.segmeter.metric.MetricValue;
import org.segmeter.metric.Overlap;
import org.segmeter.metric.fragility.DiceAnatomy;
import org.segmeter.metric.instance.BratsLesions;
import org.segmeter.metric.loss.RegionLoss;
import org.segmeter.metric.loss.SoftSums;
import org.segmeter.volume.BitMask;
import org.segmeter.volume.Box;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;

/** Single numbers that the field agrees upon, from papers and challenge scripts, in one place. */
class GoldenValuesTest {

    @Test
    void oneVoxelMoreOrLessChangesTheDiceByThisMuch() {
        DiceAnatomy organ = new DiceAnatomy(80, 10, 12, 1_000);
        assertThat(organ.dice()).isCloseTo(0.8791208791, within(5e-11));
        assertThat(organ.byOneMoreFalsePositive()).isCloseTo(-0.0048039392, within(5e-11));
        assertThat(organ.byOneFalsePositiveRemoved()).isCloseTo(0.0048570214, within(5e-11));
        assertThat(organ.byOneMissFound()).isCloseTo(0.0061250225, within(5e-11));
        assertThat(organ.byOneMoreMiss()).isCloseTo(-0.0061927023, within(5e-11));
        DiceAnatomy lesion = new DiceAnatomy(8, 1, 1, 1_000);
        assertThat(lesion.dice()).isCloseTo(0.8888888889, within(5e-11));
        assertThat(lesion.byOneMoreFalsePositive()).isCloseTo(-0.0467836257, within(5e-11));
        assertThat(lesion.byOneFalsePositiveRemoved()).isCloseTo(0.0522875817, within(5e-11));
        assertThat(lesion.byOneMissFound()).isCloseTo(0.0584795322, within(5e-11));
        assertThat(lesion.byOneMoreMiss()).isCloseTo(-0.0653594771, within(5e-11));
    }

    @Test
    void aBallOfThreeVoxelsMovedByOneHasThisDice() throws Exception {
        Grid grid = Synthetic.grid(12, 12, 12, 1, 1, 1);
        Scorecard card = score(grid, ball(5), ball(6), "textbook@1");
        assertThat(number(card, "dice")).isCloseTo(0.7642, within(5e-5));
        // The continuum: (1 - s/2r)^2 (1 + s/4r).
        assertThat(Math.pow(1 - 1 / 6.0, 2) * (1 + 1 / 12.0)).isCloseTo(0.7523, within(5e-5));
    }

    private static BitMask ball(int cx) {
        BitMask mask = new BitMask(new Box(0, 0, 0, 12, 12, 12));
        for (int z = 0; z < 12; z++) {
            for (int y = 0; y < 12; y++) {
                for (int x = 0; x < 12; x++) {
                    if ((x - cx) * (x - cx) + (y - 5) * (y - 5) + (z - 5) * (z - 5) <= 9) {
                        mask.set(x, y, z);
                    }
                }
            }
        }
        return mask;
    }

    @Test
    void bratsCountsAMissedAndASpuriousLesionWithZeroAndWith374Millimetres() {
        BratsLesions lesions = new BratsLesions(
                List.of(
                        new BratsLesions.Lesion(100, 1, 0.9, 2, null),
                        new BratsLesions.Lesion(100, 1, 0.8, 3, null),
                        new BratsLesions.Lesion(100, 0, 0, 374, null)),
                1,
                374);
        assertThat(lesions.dice()).isCloseTo(0.425, within(1e-12));
        assertThat(lesions.hd95()).isCloseTo(188.25, within(1e-12));
    }

    @Test
    void aMissInAVolumeOfBratsIsPenalisedWithItsDiagonal() throws Exception {
        Grid grid = Synthetic.grid(240, 240, 155, 1, 1, 1);
        Scorecard card = score(grid, new BitMask(Box.EMPTY), Synthetic.box(9, 9, 9, 12, 12, 12), "segmeter@1");
        Scorecard.Mean hd95 =
                Objects.requireNonNull(card.overall().mean().get("hd95")).getFirst();
        assertThat(hd95.penalised()).isCloseTo(373.1286, within(1e-4));
        assertThat(hd95.penalised()).isEqualTo(Math.sqrt(240 * 240 + 240 * 240 + 155 * 155));
    }

    @Test
    void kitsMeasuresEachOfItsRegionsAtItsOwnTolerance() throws Exception {
        Grid grid = Synthetic.grid(40, 20, 20, 1, 1, 1);
        BitMask kidney = Synthetic.box(2, 2, 2, 12, 12, 12);
        BitMask tumour = Synthetic.box(12, 2, 2, 18, 12, 12);
        BitMask cyst = Synthetic.box(18, 2, 2, 22, 12, 12);
        Scorecard card = Scorer.standard()
                .score(
                        Synthetic.of(grid, kidney, tumour, cyst),
                        Synthetic.of(grid, kidney, tumour, cyst),
                        ScoringOptions.defaults().withProtocols(List.of("kits23@1")),
                        CancelSignal.none());
        Map<String, Object> tolerances = new TreeMap<>();
        Map<String, Object> voxels = new TreeMap<>();
        for (Scorecard.SegmentScore s : card.segments()) {
            if (s.match() == Scorecard.MatchRule.REGION) {
                List<MetricValue> nsd = Objects.requireNonNull(s.metrics().get("nsd"));
                assertThat(nsd).hasSize(1);
                assertThat(nsd.getFirst().value()).isEqualTo(1.0);
                tolerances.put(
                        s.segment().label(),
                        Objects.requireNonNull(nsd.getFirst().parameters().get("toleranceMm")));
                voxels.put(
                        s.segment().label(), Objects.requireNonNull(s.metrics().get("dice")));
            }
        }
        assertThat(tolerances)
                .isEqualTo(Map.of(
                        "kidney and masses", 1.0330772532390826,
                        "masses", 1.1328796488598762,
                        "tumour", 1.1498198361434828));
        assertThat(voxels).hasSize(3);
    }

    @Test
    void theRegionsOfBratsNeedNoMoreThanItsProtocol() throws Exception {
        Grid grid = Synthetic.grid(40, 20, 20, 1, 1, 1);
        BitMask core = Synthetic.box(2, 2, 2, 12, 12, 12);
        BitMask oedema = Synthetic.box(12, 2, 2, 18, 12, 12);
        BitMask enhancing = Synthetic.box(18, 2, 2, 22, 12, 12);
        BitMask nothing = new BitMask(Box.EMPTY);
        for (String protocol : List.of("brats-2023@1", "brats-2023-gli@1", "brats-2023-met@1")) {
            Scorecard card = Scorer.standard()
                    .score(
                            Synthetic.of(grid, core, oedema, nothing),
                            Synthetic.of(grid, core, oedema, enhancing),
                            ScoringOptions.defaults().withProtocols(List.of(protocol)),
                            CancelSignal.none());
            Map<String, Number> dice = new TreeMap<>();
            for (Scorecard.SegmentScore s : card.segments()) {
                if (s.match() == Scorecard.MatchRule.REGION) {
                    dice.put(
                            s.segment().label(),
                            Objects.requireNonNull(
                                    Objects.requireNonNull(s.metrics().get("dice"))
                                            .getFirst()
                                            .value()));
                }
            }
            assertThat(dice).isEqualTo(Map.of("WT", 3200 / 3600.0, "TC", 2000 / 2400.0, "ET", 0.0));
        }
    }

    /** 2 sum(p g) / (sum p + sum g) of label values, as MONAI Label has it: our Dice of values that are not 0 and 1. */
    @Test
    void theDiceOfLabelValuesIsNoShare() {
        assertThat(diceOfLabelValues(2, 2)).isEqualTo(2.0);
        assertThat(diceOfLabelValues(3, 1)).isEqualTo(1.5);
    }

    private static double diceOfLabelValues(double p, double g) {
        double both = p * g;
        return 1
                - RegionLoss.Dice.linear(0)
                        .of(new SoftSums(1, both, p - both, g - both, 0, 0, 0, 0, 0, p * p, g * g, 0, 0));
    }

    @Test
    void theNormalisedDiceWeighsFalsePositivesByHowRareTheStructureIs() {
        ConfusionCounts c = new ConfusionCounts(80, 10, 20, 9_890);
        double kappa = (1 - 0.001) * 100 / (0.001 * (10_000 - 100));
        assertThat(Overlap.normalisedDice(c, 0.001)).isCloseTo(160 / (160 + kappa * 10 + 20), within(1e-12));
        assertThat(Overlap.normalisedDice(new ConfusionCounts(0, 0, 0, 1_000), 0.001))
                .isEqualTo(1.0);
        // Nothing to be rare: as if the weight were 1.
        assertThat(Overlap.normalisedDice(new ConfusionCounts(0, 5, 0, 995), 0.001))
                .isEqualTo(0.0);
    }

    @Test
    void theMeanOverCasesIsNotThePooledValue() {
        ConfusionCounts large = new ConfusionCounts(9_400, 600, 100, 0);
        ConfusionCounts small = new ConfusionCounts(10, 40, 10, 0);
        assertThat(Overlap.dice(large)).isCloseTo(0.9641026, within(5e-8));
        assertThat(Overlap.dice(small)).isCloseTo(0.2857143, within(5e-8));
        assertThat((Overlap.dice(large) + Overlap.dice(small)) / 2).isCloseTo(0.6249084, within(5e-8));
        assertThat(Overlap.dice(new ConfusionCounts(9_410, 640, 110, 0))).isCloseTo(0.9616760, within(5e-8));
    }

    @Test
    void diceAndJaccardAreOneAnothersFunctions() {
        ConfusionCounts jaccardOfFourFifths = new ConfusionCounts(80, 10, 10, 0);
        assertThat(Overlap.jaccard(jaccardOfFourFifths)).isEqualTo(0.8);
        assertThat(Overlap.dice(jaccardOfFourFifths)).isCloseTo(0.8889, within(5e-5));
        ConfusionCounts diceOfNineTenths = new ConfusionCounts(90, 10, 10, 0);
        assertThat(Overlap.dice(diceOfNineTenths)).isEqualTo(0.9);
        assertThat(Overlap.jaccard(diceOfNineTenths)).isCloseTo(0.8182, within(5e-5));
    }

    /** What each convention gives for Dice and a distance: both empty, the reference alone empty, the prediction alone empty. */
    @Test
    void emptyMasksGiveWhatEachConventionSays() throws Exception {
        Double none = null;
        emptyMasks("nnunet@1", "dice", none, 0.0, 0.0);
        emptyMasks("monai@1", "dice", none, none, 0.0);
        emptyMasks("monai-keep-empty@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("monai@1", "hd", none, none, none);
        emptyMasks("metrics-reloaded@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("metrics-reloaded@1", "hd", 0.0, none, none);
        emptyMasks("meshmetrics@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("meshmetrics@1", "nsd", 1.0, 0.0, 0.0);
        emptyMasks("meshmetrics@1", "hd", 0.0, none, none);
        emptyMasks("deepmind@1", "dice", none, 0.0, 0.0);
        emptyMasks("panoptica@1", "dice", none, 0.0, 0.0);
        emptyMasks("kits23@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("flare22@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("flare22@1", "nsd", 1.0, 0.0, 0.0);
        emptyMasks("brats-2023@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("brats-2023@1", "hd95", 0.0, 374.0, 374.0);
        emptyMasks("brats-2023-gli@1", "lesion_wise_dice", 1.0, 0.0, 0.0);
        emptyMasks("brats-2023-gli@1", "lesion_wise_hd95", 0.0, 374.0, 374.0);
        emptyMasks("totalsegmentator@1", "dice", none, none, 0.0);
        emptyMasks("autopet3@1", "dice", none, none, 0.0);
        emptyMasks("medpy@1", "dice", 1.0, 0.0, 0.0);
        emptyMasks("segmeter@1", "dice", none, 0.0, 0.0);
        emptyMasks("segmeter@1", "hd95", none, none, none);
    }

    private static void emptyMasks(String protocol, String metric, Double both, Double reference, Double prediction)
            throws Exception {
        Grid grid = Synthetic.grid(20, 20, 20, 1, 1, 1);
        BitMask empty = new BitMask(Box.EMPTY);
        BitMask box = Synthetic.box(2, 2, 2, 9, 9, 9);
        assertThat(value(score(grid, empty, empty, protocol), metric))
                .as("%s %s, both", protocol, metric)
                .isEqualTo(both);
        assertThat(value(score(grid, box, empty, protocol), metric))
                .as("%s %s, no reference", protocol, metric)
                .isEqualTo(reference);
        assertThat(value(score(grid, empty, box, protocol), metric))
                .as("%s %s, no prediction", protocol, metric)
                .isEqualTo(prediction);
    }

    private static Scorecard score(Grid grid, BitMask prediction, BitMask reference, String protocol) throws Exception {
        return Scorer.standard()
                .score(
                        Synthetic.of(grid, prediction),
                        Synthetic.of(grid, reference),
                        ScoringOptions.defaults().withProtocols(List.of(protocol)),
                        CancelSignal.none());
    }

    private static double number(Scorecard card, String metric) {
        return Objects.requireNonNull(value(card, metric));
    }

    private static Double value(Scorecard card, String metric) {
        Number value = Objects.requireNonNull(
                        card.segments().getFirst().metrics().get(metric), metric)
                .getFirst()
                .value();
        return value == null ? null : value.doubleValue();
    }
}
