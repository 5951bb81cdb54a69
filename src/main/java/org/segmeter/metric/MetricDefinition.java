package org.segmeter.metric;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a metric is.
 *
 * @param name lower-case snake case; the name in scorecards, never changed once released
 * @param aliases other names that the field uses
 * @param title for people
 * @param definition the formula
 * @param unit UCUM
 * @param direction which values are better
 * @param least smallest possible value; null if there is no bound
 * @param most largest possible value; null if there is no bound
 * @param group which part of the scorecard it belongs to
 * @param numbers numeric parameters
 * @param choices textual parameters and what they may be, the default first
 * @param source paper or standard
 */
public record MetricDefinition(
        String name,
        List<String> aliases,
        String title,
        String definition,
        String unit,
        Direction direction,
        @Nullable Double least,
        @Nullable Double most,
        Group group,
        Map<String, NumberParameter> numbers,
        Map<String, List<String>> choices,
        String source) {

    /** Which values are better. */
    public enum Direction {
        HIGHER,
        LOWER,
        /** Nearer to zero. */
        ZERO,
        /** Neither: a size, a count. */
        NONE
    }

    /** Part of the scorecard. */
    public enum Group {
        COUNT,
        OVERLAP,
        VOLUME,
        INFORMATION,
        POSITION,
        DISTANCE,
        INSTANCE,
        TOPOLOGY,
        SLICE,
        CALIBRATION,
        LOSS,
        FRAGILITY
    }

    /**
     * A numeric parameter.
     *
     * @param least smallest allowed value
     * @param most largest allowed value
     * @param defaults used where neither protocol nor request gives values
     * @param list true if several values give several results
     * @param meaning what it does, with its unit
     */
    public record NumberParameter(double least, double most, List<Double> defaults, boolean list, String meaning) {
        public NumberParameter {
            defaults = List.copyOf(defaults);
        }
    }

    public MetricDefinition {
        aliases = List.copyOf(aliases);
        numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers));
        choices = Collections.unmodifiableMap(new LinkedHashMap<>(choices));
    }
}
