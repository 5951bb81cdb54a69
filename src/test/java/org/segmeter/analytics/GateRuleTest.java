package org.segmeter.analytics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateRuleTest {

    @Test
    void aStatisticCanBeWrittenInTwoWays() throws Exception {
        GateRule.Absolute one = (GateRule.Absolute) GateRule.parse("mean(dice) >= 0.90");
        GateRule.Absolute other = (GateRule.Absolute) GateRule.parse(" dice.mean>=.9 ");
        assertThat(one.metric().definition().name()).isEqualTo("dice");
        assertThat(one.statistic()).isEqualTo(other.statistic()).isEqualTo(new GateRule.Statistic.Mean());
        assertThat(one.threshold()).isEqualTo(other.threshold()).isEqualTo(0.9);
        assertThat(one.operator()).isEqualTo(GateRule.Operator.AT_LEAST);
        assertThat(one.structure()).isNull();
    }

    @Test
    void aRuleMayNameStructureAndParameters() throws Exception {
        GateRule.Absolute rule = (GateRule.Absolute) GateRule.parse("p97.5(nsd{toleranceMm=1}[left kidney]) > 0.7");
        assertThat(rule.statistic()).isEqualTo(new GateRule.Statistic.Quantile(0.975));
        assertThat(rule.metric().parameters()).isEqualTo("{\"toleranceMm\":1.0}");
        assertThat(rule.structure()).isEqualTo("left kidney");
        assertThat(((GateRule.Absolute) GateRule.parse("hd95[Liver].median <= 5")).structure())
                .isEqualTo("Liver");
    }

    @Test
    void differencesCountsAndMarginsAreRulesToo() throws Exception {
        GateRule.Relative relative = (GateRule.Relative) GateRule.parse("delta.median(dice) >= -0.01");
        assertThat(relative.statistic()).isEqualTo(new GateRule.Statistic.Median());
        assertThat(relative.threshold()).isEqualTo(-0.01);
        assertThat(GateRule.parse("\u0394mean(dice)>=-1e-2")).isInstanceOf(GateRule.Relative.class);
        assertThat(GateRule.parse("delta dice.mean >= 0")).isInstanceOf(GateRule.Relative.class);
        assertThat(((GateRule.NonInferior) GateRule.parse("noninferior(dice, 0.02)")).margin())
                .isEqualTo(0.02);
        GateRule.Count count = (GateRule.Count) GateRule.parse("missed_cases[Kidney]==0");
        assertThat(count.what()).isEqualTo(GateRule.Countable.MISSED_CASES);
        assertThat(count.structure()).isEqualTo("Kidney");
        assertThat(((GateRule.Count) GateRule.parse("n >= 30")).what()).isEqualTo(GateRule.Countable.N);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mean(dize) >= 0.9 | near are dice",
                "mean(dice) => 0.9 | a number at character",
                "mean(dice) >= | a number at character 14",
                "mean(dice 0.9 | ')' at character 11",
                "middle(dice) >= 1 | mean, median, sd",
                "dice >= 0.9 | '.' at character 6",
                "p5(dice) 0.7 | >=, <=, >, < or == at character 10",
                "mean(dice) >= 0.9 and more | the end of the rule at character 19",
                "delta.p5(dice) >= 0 | delta.mean and delta.median",
                "noninferior(dice, 0) | a margin above 0",
                "noninferior(tp, 5) | neither direction",
                "mean(dice[]) >= 1 | the name of a structure",
                "`` | the name of a metric"
            })
    void aMistakeIsNamedWithItsPlace(String rule, String complaint) {
        assertThatThrownBy(() -> GateRule.parse(rule))
                .isInstanceOf(InvalidQuery.class)
                .extracting(e -> ((InvalidQuery) e).rule())
                .asString()
                .contains(complaint);
    }

    @Test
    void aMedianIsBoundedByAnOrderStatistic() {
        double[] values = {5, 1, 4, 2, 3, 6, 7, 8, 9, 10};
        // P(at most 1 of 10 signs) = 11/1024 and of 2: 56/1024 > 5 %.
        assertThat(org.segmeter.analytics.statistics.MedianBound.lower(values, 0.95))
                .isEqualTo(2);
        assertThat(org.segmeter.analytics.statistics.MedianBound.lower(new double[] {1, 2, 3, 4}, 0.95))
                .isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(List.of(GateRule.Operator.values())).hasSize(5);
    }

    @Test
    void numbersAreToldWithDigitsThatSaySomething() {
        assertThat(Gates.number(0.90)).isEqualTo("0.9");
        assertThat(Gates.number(0.82637)).isEqualTo("0.8264");
        assertThat(Gates.number(-3)).isEqualTo("-3");
        assertThat(Gates.number(0)).isEqualTo("0");
        assertThat(Gates.number(-0.00002)).isEqualTo("-0.00002");
        assertThat(Gates.number(0.000123456)).isEqualTo("0.0001235");
    }
}
