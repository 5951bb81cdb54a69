package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class PairedTestsTest {

    @Test
    void wilcoxonIsThatOfScipy() {
        for (JsonNode golden : Golden.cases("wilcoxon")) {
            WilcoxonSignedRank test = WilcoxonSignedRank.of(
                    Golden.numbers(golden.path("differences")),
                    switch (golden.path("alternative").asString()) {
                        case "greater" -> Alternative.GREATER;
                        case "less" -> Alternative.LESS;
                        default -> Alternative.TWO_SIDED;
                    },
                    golden.path("way").asString().equals("exact")
                            ? WilcoxonSignedRank.Way.EXACT
                            : WilcoxonSignedRank.Way.NORMAL,
                    golden.path("correction").booleanValue());
            double p = golden.path("p").doubleValue();
            assertThat(test.p()).isCloseTo(p, within(1e-9 * Math.max(p, 1e-6)));
        }
    }

    @Test
    void withTiesAndZerosTheExactProbabilityIsThatOfAllSigns() {
        Random random = new Random(4);
        for (int round = 0; round < 60; round++) {
            double[] d = new double[1 + random.nextInt(10)];
            for (int i = 0; i < d.length; i++) {
                d[i] = random.nextInt(7) - 3;
            }
            WilcoxonSignedRank test = WilcoxonSignedRank.of(d, Alternative.GREATER);
            assertThat(test.p()).as("round %d of seed 4", round).isCloseTo(byAllSigns(d), within(1e-12));
        }
    }

    /** The share of all assignments of signs to the differences whose positive rank sum is as large. */
    private static double byAllSigns(double[] d) {
        double[] ranks = WilcoxonSignedRank.ranksOfSizes(d);
        double observed = 0;
        int used = 0;
        double[] kept = new double[d.length];
        for (int i = 0; i < d.length; i++) {
            observed += d[i] > 0 ? ranks[i] : 0;
            if (d[i] != 0) {
                kept[used++] = ranks[i];
            }
        }
        int as = 0;
        for (int signs = 0; signs < 1 << used; signs++) {
            double sum = 0;
            for (int i = 0; i < used; i++) {
                sum += (signs >> i & 1) == 1 ? kept[i] : 0;
            }
            as += sum >= observed ? 1 : 0;
        }
        return used == 0 ? 1 : as / (double) (1 << used);
    }

    /** Differences 1 to 8, the two smallest negative: R- = 3, of 256 assignments 5 are as extreme on that side. */
    @Test
    void aSmallExampleCanBeCountedByHand() {
        WilcoxonSignedRank test = WilcoxonSignedRank.of(new double[] {-1, -2, 3, 4, 5, 6, 7, 8}, Alternative.TWO_SIDED);
        assertThat(test.negative()).isEqualTo(3);
        assertThat(test.positive()).isEqualTo(33);
        assertThat(test.p()).isEqualTo(10 / 256.0);
        assertThat(test.rankBiserial()).isEqualTo(30 / 36.0);
    }

    @Test
    void manyTestsAreAdjustedAsHolmAndBenjaminiAndHochbergWrote() {
        double[] p = {0.01, 0.04, 0.03, 0.005};
        assertThat(Adjustment.holm(p)).containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, within(1e-12));
        assertThat(Adjustment.benjaminiHochberg(p))
                .containsExactly(new double[] {0.02, 0.04, 0.04, 0.02}, within(1e-12));
        assertThat(Adjustment.holm(new double[] {0.9, 0.8})).containsExactly(1, 1);
    }

    @Test
    void theSmallestDifferenceThatCanBeFoundIsThePublishedOne() {
        assertThat(SampleSize.minimumDetectableDifference(0.05, 50, 0.05, 0.8)).isCloseTo(0.0198, within(5e-5));
        for (JsonNode golden : Golden.cases("power")) {
            double expected = golden.path("mdd").doubleValue();
            assertThat(SampleSize.minimumDetectableDifference(
                            golden.path("sd").doubleValue(), golden.path("n").intValue(), 0.05, 0.8))
                    .isCloseTo(expected, Golden.closeTo(expected));
        }
    }

    @Test
    void theCasesForAnIntervalOfOnePercentAreThePublishedOnes() {
        assertThat(SampleSize.forIntervalWidth(0.03, 0.01, 0.95)).isEqualTo(139);
        assertThat(SampleSize.forIntervalWidth(0.10, 0.01, 0.95)).isEqualTo(1537);
        assertThat(SampleSize.forIntervalWidth(0.20, 0.01, 0.95)).isEqualTo(6147);
    }

    @Test
    void nonInferiorityAsksForTheBoundNotForTheMean() {
        for (JsonNode golden : Golden.cases("student")) {
            PairedComparison.NonInferiority answer = PairedComparison.NonInferiority.of(
                    Golden.numbers(golden.path("values")), golden.path("margin").doubleValue(), 0.95, 1);
            double p = golden.path("p").doubleValue();
            assertThat(answer.p()).isCloseTo(p, Golden.closeTo(p));
            assertThat(answer.nonInferior()).isEqualTo(p < 0.05);
        }
        double[] noisy = {-0.4, 0.4, -0.4, 0.4, -0.4, 0.4};
        assertThat(PairedComparison.NonInferiority.of(noisy, 0.1, 0.95, 1).nonInferior())
                .isFalse();
    }

    @Test
    void limitsOfAgreementAreBiasAndTwiceTheSpread() {
        BlandAltman agreement = BlandAltman.of(new double[] {10, 12, 14}, new double[] {9, 12, 12});
        assertThat(agreement.bias()).isEqualTo(1);
        assertThat(agreement.sd()).isEqualTo(1);
        assertThat(agreement.lower()).isCloseTo(-0.96, within(1e-12));
        assertThat(agreement.upper()).isCloseTo(2.96, within(1e-12));
    }
}
