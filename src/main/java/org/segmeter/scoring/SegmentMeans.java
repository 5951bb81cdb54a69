package org.segmeter.scoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.segmeter.metric.MetricCatalogue;
import org.segmeter.metric.MetricDefinition;
import org.segmeter.metric.MetricValue;
import org.segmeter.volume.Grid;

/** Means over segments that show what is missing: over those detected, and over all with a penalty for those without a value. */
final class SegmentMeans {

    private SegmentMeans() {}

    /** @param emptiness of each segment's pair of masks */
    static Map<String, List<Scorecard.Mean>> of(
            List<Scorecard.SegmentScore> segments, List<MetricValue.State> emptiness, Protocol protocol, Grid grid) {
        Map<String, List<Scorecard.Mean>> result = new LinkedHashMap<>();
        if (segments.isEmpty()) {
            return result;
        }
        // A metric that a protocol has for some segments only is averaged over these.
        Map<String, Map<Map<String, Object>, List<Value>>> byName = new LinkedHashMap<>();
        for (int i = 0; i < segments.size(); i++) {
            MetricValue.State state = emptiness.get(i);
            segments.get(i).metrics().forEach((name, values) -> {
                MetricDefinition definition = MetricCatalogue.require(name);
                if (definition.direction() != MetricDefinition.Direction.NONE
                        && definition.group() != MetricDefinition.Group.COUNT) {
                    for (MetricValue v : values) {
                        byName.computeIfAbsent(name, unused -> new LinkedHashMap<>())
                                .computeIfAbsent(v.parameters(), unused -> new ArrayList<>())
                                .add(new Value(v, state));
                    }
                }
            });
        }
        byName.forEach((name, byParameters) -> {
            OptionalDouble penalty = penalty(MetricCatalogue.require(name), protocol, grid);
            result.put(
                    name,
                    byParameters.values().stream().map(v -> mean(v, penalty)).toList());
        });
        return result;
    }

    /**
     * @param state of the segment's pair of masks
     */
    private record Value(MetricValue value, MetricValue.State state) {}

    private static OptionalDouble penalty(MetricDefinition definition, Protocol protocol, Grid grid) {
        boolean length = definition.unit().equals("mm")
                && definition.direction() == MetricDefinition.Direction.LOWER
                && definition.most() == null;
        if (!length) {
            return OptionalDouble.empty();
        }
        return protocol.penaltyMm(diagonal(grid));
    }

    /** The diagonal of the evaluation box from the outer corner of the first voxel to that of the last, mm. */
    static double diagonal(Grid grid) {
        double[] from = grid.indexToPatient().apply(0, 0, 0);
        double[] to = grid.indexToPatient().apply(grid.nx(), grid.ny(), grid.nz());
        return Math.sqrt((to[0] - from[0]) * (to[0] - from[0])
                + (to[1] - from[1]) * (to[1] - from[1])
                + (to[2] - from[2]) * (to[2] - from[2]));
    }

    private static Scorecard.Mean mean(List<Value> values, OptionalDouble penalty) {
        double detectedSum = 0;
        double penalisedSum = 0;
        int detected = 0;
        int penalised = 0;
        int notScored = 0;
        for (Value each : values) {
            Number value = each.value().value();
            MetricValue.State state = each.state();
            if (state == MetricValue.State.BOTH_EMPTY) {
                continue;
            }
            if (value != null) {
                penalisedSum += value.doubleValue();
                penalised++;
                if (state == MetricValue.State.OK) {
                    detectedSum += value.doubleValue();
                    detected++;
                }
            } else if (state != MetricValue.State.OK && penalty.isPresent()) {
                penalisedSum += penalty.getAsDouble();
                penalised++;
            } else {
                notScored++;
            }
        }
        return new Scorecard.Mean(
                values.getFirst().value().parameters(),
                values.getFirst().value().unit(),
                detected == 0 ? null : (Double) (detectedSum / detected),
                penalised == 0 ? null : (Double) (penalisedSum / penalised),
                detected,
                penalised,
                notScored);
    }
}
