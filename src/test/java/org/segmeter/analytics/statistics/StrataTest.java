package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.PoissonDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

class StrataTest {

    private static final int RESAMPLES = 60_000;

    /** Two samples of 60,000 from one distribution are further apart than this once in a million times (Smirnov, 1939). */
    private static final double APART = 2.69 * Math.sqrt(2.0 / RESAMPLES);

    /** Values as scores have them, by their quantile functions. */
    enum Kind {
        SKEWED(600, i -> kumaraswamy((i + 0.5) / 600), 3e-3),
        A_TENTH_MISSED(900, i -> i < 90 ? 0 : 0.9 + 0.05 * kumaraswamy((i - 89.5) / 810), 3e-3),
        ONE_FAR_AWAY(700, i -> i == 699 ? 400 : Math.tan(1.5 * (i + 0.5) / 700), 3e-3),
        RARE_EVENTS(2_000, i -> i < 5 ? 1 : 0, 0),
        WHOLE_NUMBERS(800, i -> i * i % 32, 0),
        MANY_WHOLE_NUMBERS(1_500, i -> i * 7919L % 1_201, 3e-3),
        SOME_JITTER(800, i -> i % 3 + 1e-12 * i, 1e-6);

        private final int n;
        private final IntToDoubleFunction value;
        private final double inside;

        Kind(int n, IntToDoubleFunction value, double inside) {
            this.n = n;
            this.value = value;
            this.inside = inside;
        }

        double[] sorted() {
            return IntStream.range(0, n)
                    .mapToDouble(value::applyAsDouble)
                    .sorted()
                    .toArray();
        }
    }

    /** Quantile of a distribution with the longer tail below, as Dice has it. */
    private static double kumaraswamy(double share) {
        return Math.pow(1 - Math.pow(1 - share, 1 / 1.5), 1 / 7.0);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void resamplesByCountsHaveTheDistributionOfDrawsOneByOne(Kind kind) {
        double[] values = kind.sorted();
        Strata strata = new Strata(values);
        assertThat(strata.size()).isLessThanOrEqualTo(Strata.MOST);
        assertThat(strata.inside()).isBetween(0.0, kind.inside);
        double[] byCounts = IntStream.range(0, RESAMPLES)
                .mapToDouble(r -> strata.resampledSum(5, r))
                .sorted()
                .toArray();
        double[] oneByOne = IntStream.range(0, RESAMPLES)
                .mapToDouble(r -> Draws.resampledSum(values, 6, r))
                .sorted()
                .toArray();
        assertThat(distance(byCounts, oneByOne)).isLessThan(APART);
        // The first two moments are known: n times the mean, and the sum of squares about it.
        double squares = Moments.squares(values);
        double error = Math.sqrt(squares / RESAMPLES);
        assertThat(Moments.mean(byCounts)).isCloseTo(Moments.sum(values), within(5 * error));
        double kurtosis = fourth(byCounts);
        assertThat(Moments.squares(byCounts) / RESAMPLES)
                .isCloseTo(squares, within(5 * squares * Math.sqrt((kurtosis - 1) / RESAMPLES)));
    }

    /** The test above would notice the loss of a hundredth of the variance. */
    @Test
    void theDistanceTellsNearDistributionsApart() {
        double[] values = Kind.SKEWED.sorted();
        double mean = Moments.mean(values);
        double[] narrower =
                Arrays.stream(values).map(v -> mean + 0.95 * (v - mean)).toArray();
        double[] a = Bootstrap.replicates(values, RESAMPLES, 1);
        double[] b = Bootstrap.replicates(narrower, RESAMPLES, 2);
        assertThat(distance(a, b)).isGreaterThan(APART);
    }

    @Test
    void countsHaveThePoissonDistribution() {
        int draws = 400_000;
        for (double mean : new double[] {0, 0.3, 0.97, 1, 7.5, 400.25}) {
            PoissonCounts counts = new PoissonCounts(mean);
            Draws random = new Draws(9, (int) mean);
            int[] found = new int[1000];
            for (int i = 0; i < draws; i++) {
                found[counts.draw(random.next())]++;
            }
            for (int k = 0; k < found.length; k++) {
                double p = mean == 0
                        ? (k == 0 ? 1 : 0)
                        : PoissonDistribution.of(mean).probability(k);
                assertThat(found[k])
                        .as("%d of a mean of %s", k, mean)
                        .isCloseTo((int) Math.round(p * draws), within((int) Math.ceil(3 + 6 * Math.sqrt(p * draws))));
            }
        }
    }

    /** SciPy with 50,000 resamples; one standard deviation of an end is 0.04 standard errors with 10,000. */
    @Test
    void theIntervalOfManyIsThatOfScipyAsFarAsTheSeedAllows() {
        for (JsonNode golden : Golden.cases("bca-of-many")) {
            double[] values = Kind.valueOf(golden.path("kind").asString()).sorted();
            assertThat(values).hasSize(golden.path("n").intValue());
            assertThat(Moments.sum(values))
                    .isCloseTo(golden.path("sum").doubleValue(), within(1e-9 * Math.abs(Moments.sum(values))));
            Interval interval = Bootstrap.mean(values, 0.95, 4);
            double error = Moments.sd(values) / Math.sqrt(values.length);
            assertThat(interval.method()).isEqualTo(Interval.Method.BCA);
            assertThat(interval.resamples()).isEqualTo(Bootstrap.RESAMPLES);
            // Where the mean takes few values the ends are among them.
            double step = golden.path("step").doubleValue();
            assertThat(interval.lower())
                    .isCloseTo(golden.path("lower").doubleValue(), within(0.16 * error + 1.01 * step));
            assertThat(interval.upper())
                    .isCloseTo(golden.path("upper").doubleValue(), within(0.16 * error + 1.01 * step));
        }
    }

    @Test
    void aMillionValuesHaveTheIntervalOfTheirMean() {
        double[] values = IntStream.range(0, 1_000_000)
                .mapToDouble(i -> kumaraswamy((i + 0.5) / 1_000_000))
                .toArray();
        Interval interval = Bootstrap.mean(values, 0.95, 1);
        assertThat(interval.method()).isEqualTo(Interval.Method.BCA);
        double error = Moments.sd(values) / Math.sqrt(values.length);
        double mean = Moments.mean(values);
        // So many values: the mean is as good as normal.
        assertThat((interval.lower() - mean) / error).isCloseTo(-1.95996, within(0.16));
        assertThat((interval.upper() - mean) / error).isCloseTo(1.95996, within(0.16));
    }

    /** Largest difference of the empirical distribution functions. */
    private static double distance(double[] a, double[] b) {
        double largest = 0;
        int i = 0;
        int j = 0;
        while (i < a.length && j < b.length) {
            // Sums of whole numbers are exact; others have no ties but by rounding, which is far below their spread.
            double at = Math.min(a[i], b[j]);
            while (i < a.length && a[i] <= at) {
                i++;
            }
            while (j < b.length && b[j] <= at) {
                j++;
            }
            largest = Math.max(largest, Math.abs((double) i / a.length - (double) j / b.length));
        }
        return largest;
    }

    private static double fourth(double[] values) {
        double mean = Moments.mean(values);
        double variance = Moments.squares(values) / values.length;
        return Arrays.stream(values).map(v -> Math.pow(v - mean, 4)).average().orElseThrow() / (variance * variance);
    }
}
