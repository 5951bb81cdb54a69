package org.segmeter.scoring;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;

/**
 * What a metric's formula gave, before the protocol's rule for empty masks is applied.
 *
 * @param value a {@link Long} for a count; NaN if the formula gives none
 * @param parameters that tell several values of the metric apart
 * @param series what the value was made of, if it is shown
 */
record Reading(Number value, Map<String, Object> parameters, MetricValue.@Nullable Series series) {

    static Reading of(double value) {
        return new Reading(value, Map.of(), null);
    }

    static Reading count(long value) {
        return new Reading(value, Map.of(), null);
    }

    static Reading of(double value, String parameter, double setting) {
        return new Reading(value, Map.of(parameter, setting), null);
    }
}
