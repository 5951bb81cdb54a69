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
        for (Map.Entry<String, List<MetricValue>> entry :
                segments.getFirst().metrics().entrySet()) {
            MetricDefinition definition = MetricCatalogue.require(entry.getKey());
            if (definition.direction() == MetricDefinition.Direction.NONE
                    || definition.group() == MetricDefinition.Group.COUNT) {
                continue;
            }
            List<Scorecard.Mean> means = new ArrayList<>();
            for (int v = 0; v < entry.getValue().size(); v++) {
                List<MetricValue> values = new ArrayList<>();
                for (Scorecard.SegmentScore segment : segments) {
                    values.add(segment.metrics()
                            .getOrDefault(entry.getKey(), entry.getValue())
                            .get(v));
                }
                means.add(mean(values, emptiness, penalty(definition, protocol, grid)));
            }
            result.put(entry.getKey(), means);
        }
        return result;
    }

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

    private static Scorecard.Mean mean(
            List<MetricValue> values, List<MetricValue.State> emptiness, OptionalDouble penalty) {
        double detectedSum = 0;
        double penalisedSum = 0;
        int detected = 0;
        int penalised = 0;
        int notScored = 0;
        for (int i = 0; i < values.size(); i++) {
            Number value = values.get(i).value();
            MetricValue.State state = emptiness.get(i);
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
                values.getFirst().parameters(),
                values.getFirst().unit(),
                detected == 0 ? null : (Double) (detectedSum / detected),
                penalised == 0 ? null : (Double) (penalisedSum / penalised),
                detected,
                penalised,
                notScored);
    }
}
