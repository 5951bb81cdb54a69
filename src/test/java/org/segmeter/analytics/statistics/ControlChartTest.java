package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ControlChartTest {

    private static final Set<NelsonRule> ALL = EnumSet.allOf(NelsonRule.class);

    /** Whether the pattern is complete with the last value and was not with any before. */
    private static void completedByTheLast(NelsonRule rule, double... z) {
        for (int i = 0; i < z.length - 1; i++) {
            assertThat(rule.holdsAt(z, i)).as("%s at %d", rule, i).isFalse();
        }
        assertThat(rule.holdsAt(z, z.length - 1)).as("%s", rule).isTrue();
        double[] mirrored = Arrays.stream(z).map(v -> -v).toArray();
        assertThat(rule.holdsAt(mirrored, z.length - 1))
                .as("%s, mirrored", rule)
                .isTrue();
    }

    private static void neverHolds(NelsonRule rule, double... z) {
        for (int i = 0; i < z.length; i++) {
            assertThat(rule.holdsAt(z, i)).as("%s at %d", rule, i).isFalse();
        }
    }

    @Test
    void rule1IsOneValueBeyondThreeSigma() {
        completedByTheLast(NelsonRule.BEYOND_3_SIGMA, 0, 2.9, 3, -3, 3.1);
    }

    @Test
    void rule2IsNineOnOneSide() {
        completedByTheLast(NelsonRule.NINE_ON_ONE_SIDE, -1, .1, 1, .2, 2, .3, .5, .1, .4, .1);
        neverHolds(NelsonRule.NINE_ON_ONE_SIDE, .1, 1, .2, 2, 0, .5, .1, .4, .1, 1, 1, 1);
    }

    @Test
    void rule3IsSixThatRiseOrFall() {
        completedByTheLast(NelsonRule.SIX_IN_A_TREND, 1, -1, -.5, 0, .1, .2, 2);
        neverHolds(NelsonRule.SIX_IN_A_TREND, 0, 1, 2, 3, 4, 4, 5, 6, 7, 8);
    }

    @Test
    void rule4IsFourteenInTurn() {
        completedByTheLast(NelsonRule.FOURTEEN_ALTERNATING, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2);
        neverHolds(NelsonRule.FOURTEEN_ALTERNATING, 1, 2, 1, 2, 1, 2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1);
    }

    @Test
    void rule5IsTwoOfThreeBeyondTwoSigma() {
        completedByTheLast(NelsonRule.TWO_OF_THREE_BEYOND_2_SIGMA, 0, 2.1, 0, 2.1);
        neverHolds(NelsonRule.TWO_OF_THREE_BEYOND_2_SIGMA, 2.1, -2.1, 0, 2.1, 0, 0, 2.1, 2, 2);
    }

    @Test
    void rule6IsFourOfFiveBeyondOneSigma() {
        completedByTheLast(NelsonRule.FOUR_OF_FIVE_BEYOND_1_SIGMA, 1.1, 1.2, .5, 1.3, 1.1);
        neverHolds(NelsonRule.FOUR_OF_FIVE_BEYOND_1_SIGMA, 1.1, 1.2, .5, -1.3, 1.1, 1.2, 0, 1.1);
    }

    @Test
    void rule7IsFifteenWithinOneSigma() {
        double[] quiet = new double[15];
        for (int i = 0; i < quiet.length; i++) {
            quiet[i] = i % 3 == 0 ? .3 : -.2;
        }
        completedByTheLast(NelsonRule.FIFTEEN_WITHIN_1_SIGMA, quiet);
        quiet[7] = 1;
        neverHolds(NelsonRule.FIFTEEN_WITHIN_1_SIGMA, quiet);
    }

    @Test
    void rule8IsEightBeyondOneSigmaOnBothSides() {
        completedByTheLast(NelsonRule.EIGHT_BEYOND_1_SIGMA, 1.1, -1.2, 1.3, 2, -1.1, 1.1, -1.5, 1.2);
        neverHolds(NelsonRule.EIGHT_BEYOND_1_SIGMA, 1.1, 1.2, 1.3, 2, 1.1, 1.1, 1.5, 1.2, 1.1);
    }

    /**
     * Montgomery's example of a chart of individuals, viscosities of 15 batches: mean moving range 0.4786, centre 33.52, limits at
     * 32.25 and 34.80 (Introduction to Statistical Quality Control, example 6.5, with d2 rounded to 1.128).
     */
    @Test
    void theLimitsOfATextbookSeriesAreThePrintedOnes() {
        double[] viscosity = {
            33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.20, 33.62, 33.00, 33.54, 33.12, 33.84
        };
        ControlChart chart = ControlChart.of(viscosity, 0, 15, ControlChart.Sigma.MOVING_RANGE, ALL);
        assertThat(ControlChart.movingRange(viscosity)).isCloseTo(0.48, within(0.005));
        assertThat(chart.centre()).isCloseTo(33.52, within(0.005));
        assertThat(chart.limit(-3)).isCloseTo(32.25, within(0.01));
        assertThat(chart.limit(3)).isCloseTo(34.80, within(0.01));
        assertThat(chart.violations()).isEmpty();
    }

    @Test
    void aDriftAfterTheBaselineIsSeenAndToldOnce() {
        Random random = new Random(8);
        double[] values = new double[60];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.9 + 0.01 * random.nextGaussian() - (i < 40 ? 0 : 0.02);
        }
        values[55] = 0.5;
        ControlChart chart = ControlChart.of(
                values,
                0,
                30,
                ControlChart.Sigma.STANDARD_DEVIATION,
                EnumSet.of(NelsonRule.BEYOND_3_SIGMA, NelsonRule.NINE_ON_ONE_SIDE));
        assertThat(chart.violations()).contains(new ControlChart.Violation(55, NelsonRule.BEYOND_3_SIGMA));
        List<ControlChart.Violation> runs = chart.violations().stream()
                .filter(v -> v.rule() == NelsonRule.NINE_ON_ONE_SIDE && v.index() >= 40)
                .toList();
        assertThat(runs).hasSize(1);
        assertThat(runs.getFirst().index()).isBetween(48, 56);
    }

    @Test
    void aBaselineWithoutSpreadLetsOnlyEqualValuesPass() {
        double[] values = new double[20];
        Arrays.fill(values, 0.7);
        values[15] = 0.69;
        ControlChart chart =
                ControlChart.of(values, 0, 10, ControlChart.Sigma.MOVING_RANGE, EnumSet.of(NelsonRule.BEYOND_3_SIGMA));
        assertThat(chart.sigma()).isZero();
        assertThat(chart.violations()).containsExactly(new ControlChart.Violation(15, NelsonRule.BEYOND_3_SIGMA));
    }
}
