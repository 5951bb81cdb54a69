package org.segmeter.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Golden values, and definitions written down a second time. */
class OverlapTest {

    @Test
    void diceOfKnownCounts() {
        assertThat(Overlap.dice(new ConfusionCounts(80, 10, 12, 898))).isCloseTo(0.8791208791, within(1e-10));
        assertThat(Overlap.dice(new ConfusionCounts(8, 1, 1, 90))).isCloseTo(0.8888888889, within(1e-10));
    }

    @Test
    void addingOrRemovingOneVoxelChangesDiceAsTheFormulasSay() {
        double d = Overlap.dice(new ConfusionCounts(80, 10, 12, 0));
        assertThat(Overlap.dice(new ConfusionCounts(80, 11, 12, 0)) - d).isCloseTo(-0.0048039392, within(1e-10));
        assertThat(Overlap.dice(new ConfusionCounts(80, 9, 12, 0)) - d).isCloseTo(0.0048570214, within(1e-10));
        assertThat(Overlap.dice(new ConfusionCounts(81, 10, 11, 0)) - d).isCloseTo(0.0061250225, within(1e-10));
        assertThat(Overlap.dice(new ConfusionCounts(79, 10, 13, 0)) - d).isCloseTo(-0.0061927023, within(1e-10));
    }

    @Test
    void jaccardAndDiceSayTheSame() {
        // IoU 0.8 is Dice 0.8889; Dice 0.9 is IoU 0.8182.
        assertThat(Overlap.dice(new ConfusionCounts(8, 1, 1, 0))).isCloseTo(2 * 0.8 / 1.8, within(1e-15));
        assertThat(Overlap.jaccard(new ConfusionCounts(9, 1, 1, 0))).isCloseTo(0.9 / 1.1, within(1e-15));
    }

    @Test
    void pooledDiceIsNotTheMeanOfDice() {
        ConfusionCounts large = new ConfusionCounts(9400, 600, 100, 100_000);
        ConfusionCounts small = new ConfusionCounts(10, 40, 10, 100_000);
        assertThat(Overlap.dice(large)).isCloseTo(0.9641026, within(1e-7));
        assertThat(Overlap.dice(small)).isCloseTo(0.2857143, within(1e-7));
        assertThat((Overlap.dice(large) + Overlap.dice(small)) / 2).isCloseTo(0.6249084, within(1e-7));
        assertThat(Overlap.dice(large.plus(small))).isCloseTo(0.9616760, within(1e-7));
    }

    @Test
    void normalisedDiceHasTheEdgeCasesOfItsAuthors() {
        assertThat(Overlap.normalisedDice(new ConfusionCounts(0, 0, 0, 100), 0.001))
                .isEqualTo(1);
        // Empty reference: k = 1, so that a hallucination scores 0.
        assertThat(Overlap.normalisedDice(new ConfusionCounts(0, 5, 0, 95), 0.001))
                .isEqualTo(0);
        double k = (1 - 0.001) * 12 / (0.001 * (1000 - 12));
        assertThat(Overlap.normalisedDice(new ConfusionCounts(10, 3, 2, 985), 0.001))
                .isCloseTo(20 / (20 + k * 3 + 2), within(1e-15));
    }

    @Test
    void coefficientsOfLargeVolumesDoNotOverflow() {
        ConfusionCounts c = new ConfusionCounts(400_000_000, 100_000_000, 100_000_000, 400_000_000);
        assertThat(Overlap.matthews(c)).isCloseTo(0.6, within(1e-12));
        assertThat(Overlap.kappa(c)).isCloseTo(0.6, within(1e-12));
        assertThat(Overlap.randIndex(c)).isCloseTo(0.68, within(1e-8));
        assertThat(Overlap.adjustedRandIndex(c)).isCloseTo(0.36, within(1e-8));
    }

    @Test
    void mutualInformationKeepsItsDigitsNearIndependence() {
        // Values from 50-digit arithmetic.
        assertThat(Overlap.mutualInformation(new ConfusionCounts(1_000, 999_000, 999_001, 998_001_000)))
                .isCloseTo(4.9999966566658383e-19, within(1e-26));
        assertThat(Overlap.mutualInformation(new ConfusionCounts(2_000, 999_000, 998_000, 998_001_000)))
                .isCloseTo(3.8629469478724165e-7, within(1e-20));
        assertThat(Overlap.mutualInformation(new ConfusionCounts(50, 0, 0, 50))).isCloseTo(Math.log(2), within(1e-15));
    }

    @Test
    void agreementOfPairsIsThatOfCountingThem() {
        ConfusionCounts c = new ConfusionCounts(4, 2, 3, 6);
        boolean[][] voxels = new boolean[15][];
        int at = 0;
        for (int i = 0; i < 4; i++) {
            voxels[at++] = new boolean[] {true, true};
        }
        for (int i = 0; i < 2; i++) {
            voxels[at++] = new boolean[] {true, false};
        }
        for (int i = 0; i < 3; i++) {
            voxels[at++] = new boolean[] {false, true};
        }
        while (at < 15) {
            voxels[at++] = new boolean[] {false, false};
        }
        int agree = 0;
        int pairs = 0;
        for (int i = 0; i < 15; i++) {
            for (int j = 0; j < i; j++) {
                pairs++;
                boolean a = voxels[i][0] == voxels[j][0];
                boolean b = voxels[i][1] == voxels[j][1];
                agree += a == b ? 1 : 0;
            }
        }
        assertThat(Overlap.randIndex(c)).isCloseTo(agree / (double) pairs, within(1e-15));
    }

    @Test
    void globalConsistencyErrorIsTheMeanOfRefinementErrors() {
        ConfusionCounts c = new ConfusionCounts(4, 2, 3, 6);
        // Per voxel the share of its region in one labelling that its region in the other leaves out.
        double reference = (4 * 3 / 7.0 + 3 * 4 / 7.0 + 2 * 6 / 8.0 + 6 * 2 / 8.0) / 15;
        double prediction = (4 * 2 / 6.0 + 2 * 4 / 6.0 + 3 * 6 / 9.0 + 6 * 3 / 9.0) / 15;
        assertThat(Overlap.globalConsistencyError(c)).isCloseTo(Math.min(reference, prediction), within(1e-15));
    }

    @Test
    void intraclassCorrelationIsThatOfTheAnalysisOfVariance() {
        int[][] ratings = {{1, 1}, {1, 1}, {1, 0}, {0, 1}, {0, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};
        double grand = 7 / 18.0;
        double between = 0;
        double within = 0;
        for (int[] r : ratings) {
            double mean = (r[0] + r[1]) / 2.0;
            between += 2 * (mean - grand) * (mean - grand);
            within += (r[0] - mean) * (r[0] - mean) + (r[1] - mean) * (r[1] - mean);
        }
        between /= 8;
        within /= 9;
        assertThat(Overlap.intraclassCorrelation(new ConfusionCounts(2, 1, 2, 4)))
                .isCloseTo((between - within) / (between + within), within(1e-15));
    }

    @Test
    void diceAboveChanceIsZeroForChanceAgreement() {
        // 100 voxels, 20 and 50: independent masks share 10.
        ConfusionCounts c = new ConfusionCounts(10, 10, 40, 40);
        assertThat(Overlap.expectedDice(c)).isCloseTo(Overlap.dice(c), within(1e-15));
        assertThat(Overlap.chanceCorrectedDice(c)).isCloseTo(0, within(1e-15));
    }
}
