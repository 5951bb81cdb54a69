-- The values of a segment in one row instead of one row each: a hundred rows with their three indexes were most of what the database did for
-- a small evaluation. Where in the row a metric's value stands its layout says; results by the same conventions share one.
create table value_place (
    layout     uuid    not null,
    place      integer not null check (place >= 1),
    metric     text    not null,
    parameters text    not null,
    unit       text    not null,
    primary key (layout, place)
);
create index value_place_by_metric on value_place (metric);

create table segment_values (
    evaluation_id  uuid     not null,
    -- -1 is all foreground together.
    segment_index  integer  not null,
    segment_number integer,
    segment_label  text,
    layout         uuid     not null,
    -- One for each place; NaN where there is none, because an array with nulls is searched from its beginning.
    numbers        float8[] not null,
    -- A byte for each place: which of the states that metric_values() names, from 0.
    states         bytea    not null,
    primary key (evaluation_id, segment_index),
    check (cardinality(numbers) = length(states))
);
-- Beside the other columns as long as a page has room for them: whoever asks for one metric of many results reads on.
alter table segment_values alter column numbers set storage main, alter column states set storage main;
create index segment_values_by_label on segment_values (segment_label);

-- What is there already. A replica of the version before that ends an evaluation meanwhile waits; afterwards it cannot write down values any
-- more, and leaves its evaluations to the replicas of this version.
lock table metric_value in share row exclusive mode;
create table moved_values as
select s.*, md5(metrics::text || parameters::text || units::text)::uuid as layout from (
select evaluation_id, segment_index, min(segment_number) as segment_number, min(segment_label) as segment_label,
    array_agg(metric order by metric, parameters) as metrics, array_agg(parameters order by metric, parameters) as parameters,
    array_agg(unit order by metric, parameters) as units,
    array_agg(coalesce(value, 'NaN') order by metric, parameters) as numbers,
    string_agg('0' || array_position(array['OK', 'BOTH_EMPTY', 'REFERENCE_EMPTY', 'PREDICTION_EMPTY', 'NOT_APPLICABLE', 'NOT_SCORED'],
        state) - 1, '' order by metric, parameters) as states
from metric_value group by evaluation_id, segment_index) s;
insert into value_place (layout, place, metric, parameters, unit)
select l.layout, t.place, t.metric, t.parameters, t.unit
from (select distinct on (layout) layout, metrics, parameters, units from moved_values order by layout) l,
    unnest(l.metrics, l.parameters, l.units) with ordinality as t (metric, parameters, unit, place);
insert into segment_values (evaluation_id, segment_index, segment_number, segment_label, layout, numbers, states)
select evaluation_id, segment_index, segment_number, segment_label, layout, numbers, decode(states, 'hex') from moved_values;
drop table moved_values;
drop table metric_value;

-- The values one by one, for queries. A function, whose rows are those that its caller may see, where a view would show what its owner may;
-- the planner sees through both.
create function metric_values() returns table (evaluation_id uuid, segment_index integer, segment_number integer, segment_label text,
    metric text, parameters text, value float8, unit text, state text) language sql stable parallel safe as
$$
    select s.evaluation_id, s.segment_index, s.segment_number, s.segment_label, p.metric, p.parameters,
        nullif(s.numbers[p.place], 'NaN'), p.unit,
        (array['OK', 'BOTH_EMPTY', 'REFERENCE_EMPTY', 'PREDICTION_EMPTY', 'NOT_APPLICABLE', 'NOT_SCORED'])
            [1 + get_byte(s.states, p.place - 1)]
    from segment_values s join value_place p on p.layout = s.layout
$$;
create view metric_value as select * from metric_values();

create trigger segment_values_is_append_only before update on segment_values for each row execute function refuse_change();
create trigger segment_values_is_never_emptied before truncate on segment_values for each statement execute function refuse_change();
create trigger value_place_is_append_only before update or delete on value_place for each row execute function refuse_change();
create trigger value_place_is_never_emptied before truncate on value_place for each statement execute function refuse_change();

create or replace function remove_values() returns trigger language plpgsql as
$$
begin
    delete from segment_values where evaluation_id in (select evaluation_id from removed);
    return null;
end
$$;

-- Few rows at any time are picked, and those are looked through seldom; each job paid for its entry twice.
drop index scheduled_tasks_by_last_heartbeat;
