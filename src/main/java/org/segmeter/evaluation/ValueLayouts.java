package org.segmeter.evaluation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Puts the values of a scorecard into rows, one for each segment, and sees to it that the database knows which place in a row is which
 * metric's. Such a layout is named by what is in it, so two replicas that meet the same one write down the same.
 */
@Component
final class ValueLayouts {

    /** In the order in which the database's function {@code metric_values()} knows them. */
    static final List<String> STATES =
            List.of("OK", "BOTH_EMPTY", "REFERENCE_EMPTY", "PREDICTION_EMPTY", "NOT_APPLICABLE", "NOT_SCORED");

    /** Layouts that need not be written down again; far more than conventions in use. */
    private static final int MOST_KNOWN = 1000;

    private final JdbcClient sql;
    private final Map<List<Place>, UUID> known = new ConcurrentHashMap<>();

    ValueLayouts(JdbcClient sql) {
        this.sql = sql;
    }

    private record Place(String metric, String parameters, String unit) {}

    /**
     * The values of a segment.
     *
     * @param numbers as an array of the database, NaN where there is none
     * @param states hexadecimal, a byte for each number
     */
    record Row(
            int segmentIndex,
            @Nullable Integer segmentNumber,
            @Nullable String segmentLabel,
            UUID layout,
            String numbers,
            String states) {}

    /** The rows of a scorecard's values, whose layouts are committed when this returns. */
    List<Row> rows(List<EvaluationRows.Value> values) {
        Map<Integer, List<EvaluationRows.Value>> bySegment = new LinkedHashMap<>();
        for (EvaluationRows.Value value : values) {
            bySegment
                    .computeIfAbsent(value.segmentIndex(), unused -> new ArrayList<>())
                    .add(value);
        }
        List<Row> rows = new ArrayList<>(bySegment.size());
        for (List<EvaluationRows.Value> segment : bySegment.values()) {
            rows.add(row(segment));
        }
        return rows;
    }

    private Row row(List<EvaluationRows.Value> segment) {
        List<Place> places = new ArrayList<>(segment.size());
        StringBuilder numbers = new StringBuilder(20 * segment.size()).append('{');
        StringBuilder states = new StringBuilder(2 * segment.size());
        for (EvaluationRows.Value value : segment) {
            places.add(new Place(value.metric(), value.parameters(), value.unit()));
            @Nullable Double number = value.value();
            numbers.append(numbers.length() == 1 ? "" : ",").append(number == null ? Double.NaN : number.doubleValue());
            int state = STATES.indexOf(value.state());
            if (state < 0) {
                throw new IllegalStateException("no place for the state " + value.state());
            }
            states.append('0').append(state);
        }
        EvaluationRows.Value first = segment.getFirst();
        return new Row(
                first.segmentIndex(),
                first.segmentNumber(),
                first.segmentLabel(),
                layout(places),
                numbers.append('}').toString(),
                states.toString());
    }

    private UUID layout(List<Place> places) {
        UUID there = known.get(places);
        if (there != null) {
            return there;
        }
        UUID layout = name(places);
        sql.sql("""
            insert into value_place (layout, place, metric, parameters, unit)
            select :layout, t.place, t.metric, t.parameters, t.unit
            from unnest(:metrics::text[], :parameters::text[], :units::text[])
                with ordinality as t (metric, parameters, unit, place)
            on conflict do nothing\
            """)
                .param("layout", layout)
                .param("metrics", places.stream().map(Place::metric).toArray(String[]::new))
                .param("parameters", places.stream().map(Place::parameters).toArray(String[]::new))
                .param("units", places.stream().map(Place::unit).toArray(String[]::new))
                .update();
        if (known.size() >= MOST_KNOWN) {
            known.clear();
        }
        known.put(List.copyOf(places), layout);
        return layout;
    }

    /** The first half of the SHA-256 of all that is in it. */
    private static UUID name(List<Place> places) {
        StringBuilder text = new StringBuilder();
        for (Place place : places) {
            text.append(place.metric())
                    .append('\t')
                    .append(place.parameters())
                    .append('\t')
                    .append(place.unit())
                    .append('\n');
        }
        String digest = Submission.sha256(text.toString().getBytes(StandardCharsets.UTF_8));
        return new UUID(
                Long.parseUnsignedLong(digest.substring(0, 16), 16),
                Long.parseUnsignedLong(digest.substring(16, 32), 16));
    }
}
