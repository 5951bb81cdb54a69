package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.segmeter.metric.MetricValue;

/** Where several protocols give one metric under one name and parameters: what each says, and how far they are apart. */
final class ProtocolSpread {

    private ProtocolSpread() {}

    private record Key(@Nullable Integer index, String metric, Map<String, Object> parameters) {}

    static List<Scorecard.Spread> of(
            String mainId,
            List<Scorecard.SegmentScore> segments,
            Scorecard.Overall overall,
            List<Scorecard.ProtocolScores> others) {
        if (others.isEmpty()) {
            return List.of();
        }
        Map<Key, Map<String, @Nullable Double>> byKey = new LinkedHashMap<>();
        for (int i = 0; i < segments.size(); i++) {
            add(byKey, i, mainId, segments.get(i).metrics());
            for (Scorecard.ProtocolScores other : others) {
                add(byKey, i, other.protocol().id(), other.segments().get(i));
            }
        }
        add(byKey, null, mainId, overall.metrics());
        for (Scorecard.ProtocolScores other : others) {
            add(byKey, null, other.protocol().id(), other.overall());
        }
        List<Scorecard.Spread> result = new ArrayList<>();
        byKey.forEach((key, values) -> {
            List<Double> defined =
                    values.values().stream().filter(Objects::nonNull).toList();
            if (values.size() > 1 && !defined.isEmpty()) {
                result.add(new Scorecard.Spread(
                        key.index(),
                        key.metric(),
                        key.parameters(),
                        values,
                        defined.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
                        defined.stream().mapToDouble(Double::doubleValue).max().orElseThrow()));
            }
        });
        return result;
    }

    private static void add(
            Map<Key, Map<String, @Nullable Double>> byKey,
            @Nullable Integer index,
            String protocol,
            Map<String, List<MetricValue>> metrics) {
        metrics.forEach((name, values) -> {
            for (MetricValue v : values) {
                byKey.computeIfAbsent(new Key(index, name, v.parameters()), unused -> new LinkedHashMap<>())
                        .put(
                                protocol,
                                v.value() == null ? null : (Double) v.value().doubleValue());
            }
        });
    }
}
