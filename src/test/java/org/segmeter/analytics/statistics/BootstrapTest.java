package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class BootstrapTest {

    @Test
    void theIntervalOfGivenReplicatesIsThatOfScipy() {
        for (JsonNode golden : Golden.cases("bca")) {
            double[] values = Golden.numbers(golden.path("values"));
            double level = golden.path("level").doubleValue();
            double[] ends = Bootstrap.bcaEnds(
                    Golden.numbers(golden.path("replicates")),
                    Moments.mean(values),
                    Bootstrap.acceleration(values),
                    (1 - level) / 2,
                    (1 + level) / 2);
            double lower = golden.path("lower").doubleValue();
            double upper = golden.path("upper").doubleValue();
            assertThat(ends[0]).isCloseTo(lower, Golden.closeTo(lower));
            assertThat(ends[1]).isCloseTo(upper, Golden.closeTo(upper));
        }
    }

    @Test
    void fewCasesHaveStudentsIntervalAndAWarning() {
        for (JsonNode golden : Golden.cases("student")) {
            Interval interval = Bootstrap.mean(Golden.numbers(golden.path("values")), 0.95, 1);
            double lower = golden.path("lower").doubleValue();
            assertThat(interval.lower()).isCloseTo(lower, Golden.closeTo(lower));
            double upper = golden.path("upper").doubleValue();
            assertThat(interval.upper()).isCloseTo(upper, Golden.closeTo(upper));
            assertThat(interval.method()).isEqualTo(Interval.Method.STUDENT_T);
            assertThat(interval.warning()).contains("20");
        }
    }

    /** With one degree of freedom Student's t is the tangent; SciPy 1.10 is off there in the ninth digit. */
    @Test
    void twoCasesHaveTheIntervalThatCanBeWrittenDown() {
        Interval interval = Bootstrap.mean(new double[] {0.8, 0.9}, 0.95, 1);
        double half = Math.tan(Math.PI * 0.475) * 0.05;
        assertThat(interval.lower()).isCloseTo(0.85 - half, within(1e-12));
        assertThat(interval.upper()).isCloseTo(0.85 + half, within(1e-12));
    }

    @Test
    void theSameSeedGivesTheSameIntervalOnAnyNumberOfThreadsAndInAnyOrder() {
        double[] values = beta(new Random(11), 300);
        double[] reversed = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i] = values[values.length - 1 - i];
        }
        Interval first = Bootstrap.mean(values, 0.95, 5);
        try (ForkJoinPool one = new ForkJoinPool(1);
                ForkJoinPool seven = new ForkJoinPool(7)) {
            assertThat(one.submit(() -> Bootstrap.mean(values, 0.95, 5)).join()).isEqualTo(first);
            assertThat(seven.submit(() -> Bootstrap.mean(reversed, 0.95, 5)).join())
                    .isEqualTo(first);
        }
        assertThat(first.method()).isEqualTo(Interval.Method.BCA);
        assertThat(first.resamples()).isEqualTo(10_000);
        Interval other = Bootstrap.mean(values, 0.95, 6);
        assertThat(other).isNotEqualTo(first);
        assertThat(other.lower()).isCloseTo(first.lower(), within(0.1 * (first.upper() - first.lower())));
    }

    @Test
    void resamplesDrawEveryCaseEquallyOften() {
        int n = 7;
        double[] counts = new double[n];
        for (int i = 0; i < n; i++) {
            double[] indicator = new double[n];
            indicator[i] = 1;
            for (double share : Bootstrap.replicates(indicator, 20_000, 3)) {
                counts[i] += share / 20_000;
            }
        }
        for (double count : counts) {
            assertThat(count).isCloseTo(1.0 / n, within(0.002));
        }
        // The variance of a mean of n draws with replacement is that of the values over n.
        double[] values = {1, 2, 4, 8, 16, 32, 64};
        double squares = 0;
        double mean = Moments.mean(values);
        double[] replicates = Bootstrap.replicates(values, 20_000, 3);
        for (double v : values) {
            squares += (v - mean) * (v - mean) / n;
        }
        assertThat(Math.pow(Moments.sd(replicates), 2)).isCloseTo(squares / n, within(0.03 * squares / n));
    }

    @Test
    void equalValuesHaveNoWidth() {
        double[] ones = new double[40];
        java.util.Arrays.fill(ones, 1);
        assertThat(Bootstrap.mean(ones, 0.95, 1))
                .isEqualTo(new Interval(1, 1, 0.95, Interval.Method.CONSTANT, 0, "all values are equal"));
    }

    /** By counts from 501 values on: what is said of 500 and of 501 of the same values is the same but for the seed. */
    @Test
    void manyCasesHaveTheSameKindOfIntervalAsFew() {
        double[] values = beta(new Random(21), Bootstrap.DIRECTLY + 1);
        java.util.Arrays.sort(values);
        Interval byCounts = Bootstrap.mean(values, 0.95, 1);
        assertThat(byCounts.method()).isEqualTo(Interval.Method.BCA);
        assertThat(byCounts.resamples()).isEqualTo(Bootstrap.RESAMPLES);
        double[] oneLess = new double[Bootstrap.DIRECTLY];
        System.arraycopy(values, 0, oneLess, 0, 250);
        System.arraycopy(values, 251, oneLess, 250, 250);
        Interval oneByOne = Bootstrap.mean(oneLess, 0.95, 1);
        double error = Moments.sd(values) / Math.sqrt(values.length);
        assertThat(byCounts.lower()).isCloseTo(oneByOne.lower(), within(0.2 * error));
        assertThat(byCounts.upper()).isCloseTo(oneByOne.upper(), within(0.2 * error));
        // The longer tail of the values is below.
        double mean = Moments.mean(values);
        assertThat(mean - byCounts.lower()).isGreaterThan(byCounts.upper() - mean);
    }

    /**
     * Coverage of the interval for a skewed distribution like that of Dice; {@code -Dsegmeter.rounds=10000} for more. With 300 rounds
     * three standard errors are 3.8 %.
     */
    @Test
    void theIntervalCoversTheTrueMeanAboutAsOftenAsItSays() {
        int rounds = org.segmeter.metric.Rounds.count(300);
        int n = 50;
        double mean = 9.0 / 10.2;
        int covered = 0;
        long seed = 77;
        for (int i = 0; i < rounds; i++) {
            double[] values = beta(new Random(seed * 1_000_003 + i), n);
            java.util.Arrays.sort(values);
            Interval interval = Bootstrap.bca(values, 0.95, 1_000, i);
            if (interval.lower() <= mean && mean <= interval.upper()) {
                covered++;
            }
        }
        double coverage = covered / (double) rounds;
        System.out.printf("coverage of BCa at n = %d: %.4f of %d rounds, seed %d%n", n, coverage, rounds, seed);
        assertThat(coverage).isBetween(0.90, 0.985);
    }

    /** Beta(9, 1.2) by the ratio of two gamma variates (Marsaglia and Tsang, ACM TOMS 26:363, 2000). */
    private static double[] beta(Random random, int n) {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            double a = gamma(random, 9);
            values[i] = a / (a + gamma(random, 1.2));
        }
        return values;
    }

    private static double gamma(Random random, double shape) {
        double d = shape - 1.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        while (true) {
            double x = random.nextGaussian();
            double v = Math.pow(1 + c * x, 3);
            if (v > 0 && Math.log(1 - random.nextDouble()) < x * x / 2 + d - d * v + d * Math.log(v)) {
                return d * v;
            }
        }
    }
}
