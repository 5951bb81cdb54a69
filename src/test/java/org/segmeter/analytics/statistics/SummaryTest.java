package org.segmeter.analytics.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SummaryTest {

    @Test
    void meanDeviationAndQuantilesAreThoseOfNumpy() {
        for (JsonNode golden : Golden.cases("summaries")) {
            Summary summary = Summary.of(Golden.numbers(golden.path("values")));
            double mean = golden.path("mean").doubleValue();
            assertThat(summary.mean()).isCloseTo(mean, Golden.closeTo(mean));
            if (golden.path("sd").isNull()) {
                assertThat(summary.sd()).isNaN();
            } else {
                double sd = golden.path("sd").doubleValue();
                assertThat(summary.sd()).isCloseTo(sd, Golden.closeTo(sd));
            }
            for (Map.Entry<String, JsonNode> quantile : golden.path("quantiles").properties()) {
                double expected = quantile.getValue().doubleValue();
                assertThat(summary.quantile(Double.parseDouble(quantile.getKey())))
                        .isCloseTo(expected, Golden.closeTo(expected));
            }
        }
    }

    @Test
    void aLargeOffsetDoesNotSpoilTheSpread() {
        assertThat(Moments.sd(new double[] {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}))
                .isEqualTo(Math.sqrt(30));
        assertThat(Moments.sum(new double[] {1, 1e100, 1, -1e100})).isEqualTo(2);
    }

    @Test
    void theMeanOverCasesIsAnotherQuestionThanThePooledVoxels() {
        double large = Pooled.dice(9400, 600, 100);
        double small = Pooled.dice(10, 40, 10);
        assertThat(large).isCloseTo(0.9641026, org.assertj.core.data.Offset.offset(5e-8));
        assertThat(small).isCloseTo(0.2857143, org.assertj.core.data.Offset.offset(5e-8));
        assertThat(Moments.mean(new double[] {large, small}))
                .isCloseTo(0.6249084, org.assertj.core.data.Offset.offset(5e-8));
        assertThat(Pooled.dice(9410, 640, 110)).isCloseTo(0.9616760, org.assertj.core.data.Offset.offset(5e-8));
    }
}
