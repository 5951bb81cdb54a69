package org.segmeter.scoring;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;

/**
 * The values of a pair by the names of the metrics, in the protocol's order. The pairs share the names, which of 65,535 labels would take more
 * than the values; it cannot be changed.
 */
final class ValuesByMetric extends AbstractMap<String, List<MetricValue>> {

    private final Names names;
    private final List<@Nullable List<MetricValue>> values;
    private final int size;

    private ValuesByMetric(Names names, List<@Nullable List<MetricValue>> values) {
        this.names = names;
        this.values = values;
        int present = 0;
        for (List<MetricValue> value : values) {
            present += value == null ? 0 : 1;
        }
        this.size = present;
    }

    /** Names in the order of a protocol, each once. */
    static final class Names {
        private final List<String> inOrder;
        private final Map<String, Integer> places = new HashMap<>();

        Names(List<String> inOrder) {
            this.inOrder = List.copyOf(inOrder);
            for (int i = 0; i < inOrder.size(); i++) {
                places.put(inOrder.get(i), i);
            }
        }
    }

    /** Takes values as they are measured. */
    sealed interface Builder {
        void add(String metric, List<MetricValue> values);

        Map<String, List<MetricValue>> build();
    }

    /** @param names null if names may come in another order than the protocol has them in */
    static Builder builder(@Nullable Names names) {
        return names == null ? new ByName() : new ByPlace(names);
    }

    private static final class ByPlace implements Builder {
        private final Names names;
        private final @Nullable List<MetricValue>[] values;

        @SuppressWarnings({"unchecked", "rawtypes"})
        ByPlace(Names names) {
            this.names = names;
            this.values = new List[names.inOrder.size()];
        }

        @Override
        public void add(String metric, List<MetricValue> more) {
            if (more.isEmpty()) {
                return;
            }
            Integer place = names.places.get(metric);
            if (place == null) {
                throw new IllegalArgumentException("not asked for: " + metric);
            }
            List<MetricValue> before = values[place];
            if (before == null) {
                values[place] = List.copyOf(more);
            } else {
                List<MetricValue> all = new ArrayList<>(before);
                all.addAll(more);
                values[place] = List.copyOf(all);
            }
        }

        @Override
        public Map<String, List<MetricValue>> build() {
            return new ValuesByMetric(names, Arrays.asList(values));
        }
    }

    private static final class ByName implements Builder {
        private final Map<String, List<MetricValue>> values = new LinkedHashMap<>();

        @Override
        public void add(String metric, List<MetricValue> more) {
            if (!more.isEmpty()) {
                values.computeIfAbsent(metric, unused -> new ArrayList<>()).addAll(more);
            }
        }

        @Override
        public Map<String, List<MetricValue>> build() {
            return values;
        }
    }

    @Override
    public @Nullable List<MetricValue> get(Object key) {
        Integer place = names.places.get(key);
        return place == null ? null : values.get(place);
    }

    @Override
    public boolean containsKey(Object key) {
        return get(key) != null;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Set<Entry<String, List<MetricValue>>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public int size() {
                return size;
            }

            @Override
            public Iterator<Entry<String, List<MetricValue>>> iterator() {
                return new Entries();
            }
        };
    }

    private final class Entries implements Iterator<Entry<String, List<MetricValue>>> {
        private int next;

        @Override
        public boolean hasNext() {
            while (next < values.size() && values.get(next) == null) {
                next++;
            }
            return next < values.size();
        }

        @Override
        public Entry<String, List<MetricValue>> next() {
            if (hasNext()) {
                List<MetricValue> value = values.get(next);
                if (value != null) {
                    return Map.entry(names.inOrder.get(next++), value);
                }
            }
            throw new NoSuchElementException();
        }
    }
}
