package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RankingTest {

    /** Three methods on four cases; b has the best mean, a wins most cases. */
    private static final double[][] VALUES = {
        {0.90, 0.90, 0.90, 0.10}, {0.89, 0.89, 0.89, 0.80}, {0.50, 0.50, 0.50, 0.50}
    };

    @Test
    void theSchemeDecidesWhoWins() {
        assertThat(Ranking.rank(VALUES, true, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK)
                        .ranks())
                .containsExactly(2, 1, 3);
        assertThat(Ranking.rank(VALUES, true, 0, Ranking.Scheme.AGGREGATE_MEDIAN_THEN_RANK)
                        .ranks())
                .containsExactly(1, 2, 3);
        Ranking.Result byRanks = Ranking.rank(VALUES, true, 0, Ranking.Scheme.RANK_THEN_AGGREGATE);
        assertThat(byRanks.scores()).containsExactly(new double[] {1.5, 1.75, 2.75}, within(1e-12));
        assertThat(byRanks.ranks()).containsExactly(1, 2, 3);
        assertThat(Ranking.rank(VALUES, true, 0, Ranking.Scheme.TEST_THEN_RANK).ranks())
                .as("four cases cannot separate anything")
                .containsExactly(1, 1, 1);
        assertThat(Ranking.inseparable(VALUES, true, 0)).containsExactly(List.of(1, 0, 2));
    }

    /**
     * The examples with which challengeR (Wiesenfarth et al. 2021, https://github.com/wiesenfa/challengeR, tests/testthat) checks itself, and
     * the scores and ranks that it publishes for them. Small values are better unless it says otherwise.
     */
    @Test
    void challengesAreRankedAsChallengeRPublishesIt() {
        double[][] twoCases = {{0.6, 0.4}, {0.8, 1.0}};
        published(twoCases, false, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {0.5, 0.9}, 1, 2);
        published(twoCases, false, 0, Ranking.Scheme.AGGREGATE_MEDIAN_THEN_RANK, new double[] {0.5, 0.9}, 1, 2);
        published(twoCases, false, 0, Ranking.Scheme.RANK_THEN_AGGREGATE, new double[] {1, 2}, 1, 2);
        double[][] oneCase = {{0.6}, {0.8}};
        published(oneCase, false, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {0.6, 0.8}, 1, 2);
        published(oneCase, true, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {0.6, 0.8}, 2, 1);
        published(oneCase, true, 0, Ranking.Scheme.RANK_THEN_AGGREGATE, new double[] {2, 1}, 2, 1);
        double[][] tied = {{0.6}, {0.6}};
        published(tied, false, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {0.6, 0.6}, 1, 1);
        published(tied, false, 0, Ranking.Scheme.RANK_THEN_AGGREGATE, new double[] {1, 1}, 1, 1);
        double[][] missing = {{Double.NaN}, {0.8}};
        published(missing, true, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {0, 0.8}, 2, 1);
        published(missing, true, -1, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {-1, 0.8}, 2, 1);
        published(missing, true, 0, Ranking.Scheme.RANK_THEN_AGGREGATE, new double[] {2, 1}, 2, 1);
        double[][] missingDistance = {{Double.NaN}, {0.4}};
        published(missingDistance, false, 100, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK, new double[] {100, 0.4}, 2, 1);
        double[][] twoTied = {{0.6, 0.6}, {0.8, 0.8}};
        published(twoTied, false, 0, Ranking.Scheme.TEST_THEN_RANK, new double[] {0, 0}, 1, 1);
        double[][] missingOfFour = {{Double.NaN, 0.2, 0.2, 0.2}, {1, 1, 1, 1}};
        published(missingOfFour, false, 100, Ranking.Scheme.TEST_THEN_RANK, new double[] {0, 0}, 1, 1);
    }

    /**
     * Four equal differences: challengeR takes R's approximation by the normal distribution where differences tie (p = 0.036), by default does
     * not adjust for the number of tests, and says that they differ; the exact test of the four signs has p = 1/16 and cannot. Of six cases
     * it can (1/64, by Holm 1/32).
     */
    @Test
    void tiesAreTestedExactlyWhereChallengeRApproximates() {
        double[][] four = {{0.2, 0.2, 0.2, 0.2}, {1, 1, 1, 1}};
        published(four, false, 0, Ranking.Scheme.TEST_THEN_RANK, new double[] {0, 0}, 1, 1);
        double[][] six = {{0.2, 0.2, 0.2, 0.2, 0.2, 0.2}, {1, 1, 1, 1, 1, 1}};
        published(six, false, 0, Ranking.Scheme.TEST_THEN_RANK, new double[] {1, 0}, 1, 2);
    }

    private static void published(
            double[][] values, boolean higher, double worst, Ranking.Scheme scheme, double[] scores, int... ranks) {
        Ranking.Result result = Ranking.rank(values, higher, worst, scheme);
        assertThat(result.scores()).as(scheme.name()).containsExactly(scores, within(1e-12));
        assertThat(result.ranks()).as(scheme.name()).containsExactly(ranks);
    }

    @Test
    void aMissingValueIsTheWorst() {
        double[][] values = {{0.9, Double.NaN}, {0.5, 0.5}};
        Ranking.Result result = Ranking.rank(values, true, 0, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK);
        assertThat(result.scores()).containsExactly(0.45, 0.5);
        assertThat(result.ranks()).containsExactly(2, 1);
        double[][] distances = {{1, Double.NaN}, {5, 5}};
        assertThat(Ranking.rank(distances, false, 374, Ranking.Scheme.AGGREGATE_MEAN_THEN_RANK)
                        .ranks())
                .containsExactly(2, 1);
    }

    @Test
    void manyCasesSeparateMethodsAndNoiseDoesNot() {
        Random random = new Random(3);
        double[][] values = new double[4][60];
        for (int c = 0; c < 60; c++) {
            double difficulty = 0.05 * random.nextGaussian();
            for (int m = 0; m < 4; m++) {
                values[m][c] = (m < 2 ? 0.9 : m == 2 ? 0.85 : 0.7) + difficulty + 0.02 * random.nextGaussian();
            }
        }
        assertThat(Ranking.rank(values, true, 0, Ranking.Scheme.TEST_THEN_RANK).ranks())
                .containsExactly(1, 1, 3, 4);
        List<List<Integer>> groups = Ranking.inseparable(values, true, 0);
        assertThat(groups).hasSize(3);
        assertThat(groups.getFirst()).containsExactlyInAnyOrder(0, 1);
        for (Ranking.Scheme scheme : Ranking.Scheme.values()) {
            Ranking.Spread spread = Ranking.spread(values, true, 0, scheme, 100, 5);
            assertThat(spread.lower()).containsExactly(1, 1, 3, 4);
            assertThat(spread.upper()[0]).isBetween(1, 2);
            assertThat(spread.upper()[3]).isEqualTo(4);
            assertThat(Ranking.spread(values, true, 0, scheme, 100, 5).upper()).isEqualTo(spread.upper());
        }
    }

    @Test
    void ranksAndTauAreThoseOfScipy() {
        for (JsonNode golden : Golden.cases("ranks")) {
            double[] negated = Golden.numbers(golden.path("values"));
            for (int i = 0; i < negated.length; i++) {
                negated[i] = -negated[i];
            }
            int[] ranks = Ranking.ranksDescending(negated);
            double[] expected = Golden.numbers(golden.path("min"));
            for (int i = 0; i < ranks.length; i++) {
                assertThat(ranks[i]).isEqualTo((int) expected[i]);
            }
        }
        for (JsonNode golden : Golden.cases("kendall")) {
            double tau = golden.path("tau").doubleValue();
            assertThat(Ranking.tauB(Golden.numbers(golden.path("a")), Golden.numbers(golden.path("b"))))
                    .isCloseTo(tau, within(1e-9));
        }
    }
}
