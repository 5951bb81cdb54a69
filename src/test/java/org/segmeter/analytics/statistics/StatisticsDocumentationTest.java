package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every example of {@code docs/statistics.md} is computed again. */
class StatisticsDocumentationTest {

    private static final double[][] ENTRANTS = {
        {0.90, 0.90, 0.90, 0.10}, {0.89, 0.89, 0.89, 0.80}, {0.50, 0.50, 0.50, 0.50}
    };

    @Test
    void theExamplesAreTrue() throws Exception {
        Map<String, Double> written = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("docs/statistics.md"))) {
            if (line.startsWith("example ")) {
                String[] words = line.split(" +", -1);
                written.put(words[1], Double.parseDouble(words[2]));
            }
        }
        Map<String, Double> computed = computed();
        assertThat(new TreeSet<>(written.keySet())).isEqualTo(new TreeSet<>(computed.keySet()));
        written.forEach((name, value) ->
                assertThat(computed.get(name)).as(name).isCloseTo(value, within(6e-8 * Math.max(1, Math.abs(value)))));
    }

    private static Map<String, Double> computed() {
        Map<String, Double> all = new LinkedHashMap<>();
        all.put("mean-of-dice", Moments.mean(new double[] {Pooled.dice(9400, 600, 100), Pooled.dice(10, 40, 10)}));
        all.put("pooled-dice", Pooled.dice(9410, 640, 110));
        Summary powers = Summary.of(new double[] {8, 1, 4, 2});
        all.put("median", powers.median());
        all.put("p25", powers.quantile(0.25));
        all.put("p95", powers.quantile(0.95));
        all.put("sd", powers.sd());
        Interval t = Bootstrap.mean(new double[] {0.8, 0.9}, 0.95, 1);
        all.put("t-lower", t.lower());
        all.put("t-upper", t.upper());
        WilcoxonSignedRank test = WilcoxonSignedRank.of(new double[] {-1, -2, 3, 4, 5, 6, 7, 8}, Alternative.TWO_SIDED);
        all.put("wilcoxon-p", test.p());
        all.put("rank-biserial", test.rankBiserial());
        all.put("holm", Adjustment.holm(new double[] {0.01, 0.04, 0.03, 0.005})[1]);
        all.put("mdd", SampleSize.minimumDetectableDifference(0.05, 50, 0.05, 0.8));
        all.put("cases-for-1pc", (double) SampleSize.forIntervalWidth(0.10, 0.01, 0.95));
        Ranking.Result byRank = Ranking.rank(ENTRANTS, true, 0, Ranking.Scheme.RANK_THEN_AGGREGATE);
        all.put("mean-rank-1", byRank.scores()[0]);
        all.put("mean-rank-2", byRank.scores()[1]);
        all.put("tau", Ranking.tauB(new double[] {2, 1, 3}, new double[] {1, 2, 3}));
        long[] patterns = new long[8];
        patterns[0] = 80;
        patterns[0b111] = 12;
        patterns[0b011] = 5;
        patterns[0b100] = 3;
        RaterPatterns readers = new RaterPatterns(3, patterns);
        all.put("fleiss", readers.fleissKappa());
        all.put("krippendorff", readers.krippendorffAlpha());
        double staple = 0;
        boolean[] chosen = readers.staple().chosen();
        for (int pattern = 1; pattern < 8; pattern++) {
            staple += chosen[pattern] ? patterns[pattern] : 0;
        }
        all.put("staple-ml", staple);
        ControlChart chart = ControlChart.of(
                new double[] {
                    33.75, 33.05, 34.00, 33.81, 33.46, 34.02, 33.68, 33.27, 33.49, 33.20, 33.62, 33.00, 33.54, 33.12,
                    33.84
                },
                0,
                15,
                ControlChart.Sigma.MOVING_RANGE,
                EnumSet.noneOf(NelsonRule.class));
        all.put("centre", chart.centre());
        all.put("upper-3-sigma", chart.limit(3));
        return all;
    }
}
