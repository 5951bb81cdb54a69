package org.segmeter.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.Grid;

class ScorerTest {

    private static final Grid GRID = Synthetic.grid(100, 20, 10, 0.5, 1, 2);

    @Test
    void twoBoxesThatShareHalfOfEachScoreOneHalf() throws Exception {
        Scorecard card = Scorer.standard()
                .score(
                        Synthetic.of(GRID, Synthetic.box(10, 5, 2, 30, 15, 8)),
                        Synthetic.of(GRID, Synthetic.box(20, 5, 2, 40, 15, 8)),
                        ScoringOptions.defaults(),
                        CancelSignal.none());

        Scorecard.SegmentScore segment = card.segments().getFirst();
        assertThat(segment.match()).isEqualTo(Scorecard.MatchRule.NUMBER);
        assertThat(segment.metrics().get("tp")).containsExactly(MetricValue.count(600));
        assertThat(segment.metrics().get("fp")).containsExactly(MetricValue.count(600));
        assertThat(segment.metrics().get("tn")).containsExactly(MetricValue.count(20_000 - 1_800));
        assertThat(segment.metrics().get("dice")).containsExactly(MetricValue.ok(0.5, "1"));
        assertThat(segment.metrics().get("volume_reference_ml")).containsExactly(MetricValue.ok(1.2, "ml"));
        assertThat(segment.metrics().get("centroid_distance")).containsExactly(MetricValue.ok(5, "mm"));
        assertThat(card.geometry().verdict()).isEqualTo(GeometryReport.Verdict.IDENTICAL);
        assertThat(ScorecardJson.write(card)).contains("\"dice\":{\"value\":0.5,\"unit\":\"1\",\"state\":\"OK\"}");
    }
}
