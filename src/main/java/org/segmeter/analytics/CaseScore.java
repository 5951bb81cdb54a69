package org.segmeter.analytics;

import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricDefinition;

/** What a case counts where every case must count. */
final class CaseScore {

    private CaseScore() {}

    /**
     * The value, for a miss or hallucination without one the worst of a bounded metric or the penalty of a distance; null if there is
     * none: agreed absence, not scored, or a distance without a penalty.
     */
    static @Nullable Double of(ValueRows.CaseValue value, MetricDefinition metric, @Nullable Double penaltyMm) {
        if (value.value() != null) {
            return value.value();
        }
        if (!value.state().equals("PREDICTION_EMPTY") && !value.state().equals("REFERENCE_EMPTY")) {
            return null;
        }
        Double worst = Aggregates.worst(metric);
        return worst != null ? worst : Aggregates.isLength(metric) ? penaltyMm : null;
    }

    /** A gain of a over b, positive where a is better; null where neither direction is better. */
    static @Nullable Double gain(MetricDefinition metric, double a, double b) {
        return switch (metric.direction()) {
            case HIGHER -> a - b;
            case LOWER -> b - a;
            case ZERO -> Math.abs(b) - Math.abs(a);
            case NONE -> null;
        };
    }
}
