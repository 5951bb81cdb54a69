package org.segmeter.metric;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A value with its unit and state; an undefined value is a state with a reason, never NaN, infinity or a silent 0.
 *
 * @param value finite; a {@link Long} for counts, else a {@link Double}; null if the state gives none
 * @param unit UCUM: {@code 1} for ratios and counts, {@code mm}, {@code ml}
 * @param state why there is a value or none
 * @param reason a sentence, where the state is NOT_APPLICABLE or NOT_SCORED; else null
 * @param parameters what the definition depends on beside the protocol, for example {@code toleranceMm}; in a fixed order
 * @param series what the value was made of, slice by slice; null for most metrics
 */
public record MetricValue(
        @Nullable Number value,
        String unit,
        State state,
        @Nullable String reason,
        Map<String, Object> parameters,
        @Nullable Series series) {

    /**
     * Counts along an axis.
     *
     * @param first index of the first slice; the others follow without a gap
     * @param counts by name, each one number a slice
     */
    public record Series(int first, Map<String, List<Long>> counts) {
        public Series {
            counts = Collections.unmodifiableMap(new LinkedHashMap<>(counts));
        }
    }

    /** Without a series. */
    public MetricValue(
            @Nullable Number value, String unit, State state, @Nullable String reason, Map<String, Object> parameters) {
        this(value, unit, state, reason, parameters, null);
    }

    /** Why a value is there or not. */
    public enum State {
        OK,
        /** Neither side has a voxel: agreed absence. */
        BOTH_EMPTY,
        /** Only the prediction has voxels: a hallucination. */
        REFERENCE_EMPTY,
        /** Only the reference has voxels: a miss. */
        PREDICTION_EMPTY,
        /** The definition does not apply to these inputs. */
        NOT_APPLICABLE,
        /** It could not be computed. */
        NOT_SCORED
    }

    public MetricValue {
        if (value instanceof Double d && !Double.isFinite(d)) {
            throw new IllegalArgumentException("a metric value is finite, or absent with a state: " + d);
        }
        // Most have none, and a label map of 65,535 labels has millions of values: those that are fixed are shared.
        parameters = Parameters.fixed(parameters);
    }

    public static MetricValue ok(double value, String unit) {
        return new MetricValue(value, unit, State.OK, null, Map.of());
    }

    public static MetricValue count(long value) {
        return new MetricValue(value, "1", State.OK, null, Map.of());
    }

    /** No value, for a reason that the state tells by itself. */
    public static MetricValue absent(State state, String unit) {
        return new MetricValue(null, unit, state, null, Map.of());
    }

    public static MetricValue notApplicable(String unit, String reason) {
        return new MetricValue(null, unit, State.NOT_APPLICABLE, reason, Map.of());
    }

    /** A value that the protocol's empty rule gives where a side is empty. */
    public static MetricValue ruled(double value, String unit, State state) {
        return new MetricValue(value, unit, state, null, Map.of());
    }

    /** The same value, with a parameter added behind those it has. */
    public MetricValue with(String parameter, Object parameterValue) {
        Map<String, Object> more = new LinkedHashMap<>(parameters);
        more.put(parameter, parameterValue);
        return new MetricValue(value, unit, state, reason, new Parameters(more), series);
    }

    /** The same value, with parameters added behind those it has. */
    public MetricValue with(Map<String, Object> added) {
        if (added.isEmpty()) {
            return this;
        }
        Map<String, Object> all = added;
        if (!parameters.isEmpty()) {
            all = new LinkedHashMap<>(parameters);
            all.putAll(added);
            all = new Parameters(all);
        }
        return new MetricValue(value, unit, state, reason, all, series);
    }

    /** These parameters in a form that values share instead of copying it. */
    public static Map<String, Object> shared(Map<String, Object> parameters) {
        return Parameters.fixed(parameters);
    }

    /** Parameters that nobody changes any more. */
    private static final class Parameters extends AbstractMap<String, Object> {
        private final Map<String, Object> fixed;
        private int hash;

        /** @param own nobody else has it */
        private Parameters(Map<String, Object> own) {
            this.fixed = Collections.unmodifiableMap(own);
        }

        static Map<String, Object> fixed(Map<String, Object> given) {
            return given instanceof Parameters
                    ? given
                    : given.isEmpty() ? Map.of() : new Parameters(new LinkedHashMap<>(given));
        }

        @Override
        public Set<Entry<String, Object>> entrySet() {
            return fixed.entrySet();
        }

        @Override
        public @Nullable Object get(Object key) {
            return fixed.get(key);
        }

        @Override
        public boolean containsKey(Object key) {
            return fixed.containsKey(key);
        }

        @Override
        public int size() {
            return fixed.size();
        }

        @Override
        public int hashCode() {
            int known = hash;
            if (known == 0) {
                known = fixed.hashCode();
                hash = known;
            }
            return known;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return super.equals(other);
        }
    }

    /** The same value, with what it was made of. */
    public MetricValue with(Series slices) {
        return new MetricValue(value, unit, state, reason, parameters, slices);
    }
}
