package org.segmeter.database;

/** Writes values as {@code metric_value} shows them into the tables that hold them. */
public final class MetricValues {

    private MetricValues() {}

    /**
     * A statement that stores what a query answers.
     *
     * @param rows a query for evaluation_id, segment_index, segment_number, segment_label, metric, parameters, value, unit, state; all
     *     values of a segment at once
     */
    public static String stored(String rows) {
        return """
            with given as (%s),
            segments as (
                select evaluation_id, segment_index, min(segment_number) as segment_number, min(segment_label) as segment_label,
                    array_agg(metric order by metric, parameters) as metrics,
                    array_agg(parameters order by metric, parameters) as parameters,
                    array_agg(unit order by metric, parameters) as units,
                    array_agg(coalesce(value, 'NaN') order by metric, parameters) as numbers,
                    string_agg('0' || array_position(array['OK', 'BOTH_EMPTY', 'REFERENCE_EMPTY', 'PREDICTION_EMPTY',
                        'NOT_APPLICABLE', 'NOT_SCORED'], state) - 1, '' order by metric, parameters) as states
                from given group by 1, 2),
            named as (
                select s.*, md5(metrics::text || parameters::text || units::text)::uuid as layout from segments s),
            places as (
                insert into value_place (layout, place, metric, parameters, unit)
                select l.layout, t.place, t.metric, t.parameters, t.unit
                from (select distinct on (layout) layout, metrics, parameters, units from named order by layout) l,
                    unnest(l.metrics, l.parameters, l.units) with ordinality as t (metric, parameters, unit, place)
                on conflict do nothing)
            insert into segment_values (evaluation_id, segment_index, segment_number, segment_label, layout, numbers, states)
            select evaluation_id, segment_index, segment_number, segment_label, layout, numbers, decode(states, 'hex')
            from named\
            """.formatted(rows);
    }
}
