package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.metric.MetricValue;

/**
 * The metrics of a protocol as every pair of segments is asked for them: what is the same for each of tens of thousands of pairs is looked up
 * once, and what their values have in common they share.
 */
final class AskedMetrics {

    /** Different parameters of one entry's values; more are not shared. */
    private static final int MOST_SHARED = 64;

    private final Protocol protocol;
    private final List<Entry> metrics;
    private final List<Entry> losses;
    private final ValuesByMetric.@Nullable Names namesOfMetrics;
    private final ValuesByMetric.@Nullable Names namesOfLosses;

    AskedMetrics(Protocol protocol) {
        this.protocol = protocol;
        this.metrics = entries(protocol, false);
        this.losses = entries(protocol, true);
        this.namesOfMetrics = names(metrics);
        this.namesOfLosses = names(losses);
    }

    private static List<Entry> entries(Protocol protocol, boolean loss) {
        List<Entry> entries = new ArrayList<>();
        for (Protocol.Metric metric : protocol.metrics()) {
            MetricDefinition definition = MetricCatalogue.require(metric.name());
            if ((definition.group() == MetricDefinition.Group.LOSS) == loss) {
                entries.add(new Entry(metric, definition, protocol));
            }
        }
        return List.copyOf(entries);
    }

    /** Null if entries of one metric do not stand side by side: then the names of a pair may come in another order. */
    private static ValuesByMetric.@Nullable Names names(List<Entry> entries) {
        List<String> names = new ArrayList<>();
        for (Entry entry : entries) {
            String name = entry.metric().name();
            if (names.isEmpty() || !names.getLast().equals(name)) {
                if (names.contains(name)) {
                    return null;
                }
                names.add(name);
            }
        }
        return new ValuesByMetric.Names(names);
    }

    Protocol protocol() {
        return protocol;
    }

    /** In the protocol's order: the losses, or all others. */
    List<Entry> entries(boolean loss) {
        return loss ? losses : metrics;
    }

    /** What the values of a pair are put into. */
    ValuesByMetric.Builder builder(boolean loss) {
        return ValuesByMetric.builder(loss ? namesOfLosses : namesOfMetrics);
    }

    /** One metric of the protocol. */
    static final class Entry {
        private final Protocol.Metric metric;
        private final MetricDefinition definition;
        private final Map<String, String> telling;
        private final Map<String, List<Double>> numbers;
        private final Map<String, Object> ofLoss;
        private final List<MetricValue> scattered;
        private final List<MetricValue> scatteredAsTold;
        private final Map<Map<String, Object>, Map<String, Object>> shared = new ConcurrentHashMap<>();

        Entry(Protocol.Metric metric, MetricDefinition definition, Protocol protocol) {
            this.metric = metric;
            this.definition = definition;
            this.telling = protocol.distinguishing(metric);
            Map<String, List<Double>> all = new LinkedHashMap<>();
            definition
                    .numbers()
                    .forEach((name, declared) ->
                            all.put(name, metric.numbers().getOrDefault(name, declared.defaults())));
            this.numbers = all;
            this.ofLoss = MetricValue.shared(LossMeasurement.parameters(metric));
            this.scattered = List.of(PairMeasurement.scattered(definition));
            this.scatteredAsTold = List.of(told(scattered.getFirst(), protocol));
        }

        /** What stands in the place of a value where shapes are not measured. */
        List<MetricValue> scattered() {
            return scattered;
        }

        /** Values as they stand in the scorecard. */
        List<MetricValue> told(List<MetricValue> values, Protocol protocol) {
            if (values == scattered) {
                return scatteredAsTold;
            }
            if (values.size() == 1) {
                return List.of(told(values.getFirst(), protocol));
            }
            return values.stream().map(value -> told(value, protocol)).toList();
        }

        Protocol.Metric metric() {
            return metric;
        }

        MetricDefinition definition() {
            return definition;
        }

        /** The settings of its parameters, the protocol's or the definition's. */
        Map<String, List<Double>> numbers() {
            return numbers;
        }

        List<Double> numbers(String parameter) {
            return numbers.getOrDefault(parameter, metric.numbers().getOrDefault(parameter, List.of()));
        }

        /** The parameters of a loss or a calibration, defaults included. */
        Map<String, Object> ofLoss() {
            return ofLoss;
        }

        /** Where a protocol has a metric more than once, what tells its entries apart stands beside each value. */
        private MetricValue told(MetricValue value, Protocol protocol) {
            MetricValue told = value;
            for (Map.Entry<String, String> choice : telling.entrySet()) {
                if (!told.parameters().containsKey(choice.getKey())) {
                    told = told.with(choice.getKey(), choice.getValue());
                }
            }
            Number number = told.value();
            boolean rounded = number != null && protocol.decimals() != null;
            return rounded || !told.parameters().isEmpty()
                    ? new MetricValue(
                            number == null || !rounded ? number : protocol.given(number),
                            told.unit(),
                            told.state(),
                            told.reason(),
                            shared(told.parameters()),
                            told.series())
                    : told;
        }

        /** One of those in the same order, for a scorecard shows it; the parameters themselves if there is none. */
        private Map<String, Object> shared(Map<String, Object> parameters) {
            if (parameters.isEmpty()) {
                return parameters;
            }
            Map<String, Object> known = shared.get(parameters);
            if (known != null) {
                return List.copyOf(known.keySet()).equals(List.copyOf(parameters.keySet())) ? known : parameters;
            }
            if (shared.size() < MOST_SHARED) {
                shared.put(parameters, parameters);
            }
            return parameters;
        }
    }
}
