-- The few values that have only a state, so that those who count misses need not read all values. The rows of the index on those that
-- have a value and of this one are together as many as there are values: writing a value still costs one entry.
create index metric_value_without_value on metric_value (metric, segment_label) where value is null;

-- Broken rules of control charts; each once, however often the chart is drawn.
create table alert (
    id              uuid primary key,
    tenant          text             not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    created_at      timestamptz      not null default now(),
    model           text             not null,
    version         text,
    structure       text             not null,
    metric          text             not null,
    parameters      text             not null,
    -- Nelson's number.
    rule            integer          not null check (rule between 1 and 8),
    evaluation_id   uuid             not null,
    case_id         text,
    -- When the evaluation was submitted.
    at              timestamptz      not null,
    value           double precision not null,
    centre          double precision not null,
    sigma           double precision not null,
    state           text             not null default 'OPEN' check (state in ('OPEN', 'ACKNOWLEDGED')),
    acknowledged_by text,
    reason          text,
    acknowledged_at timestamptz,
    check ((state = 'OPEN') = (acknowledged_by is null))
);
create unique index alert_once
    on alert (tenant, model, coalesce(version, ''), structure, metric, parameters, rule, evaluation_id);
create index alert_by_time on alert (at desc, id desc);
create index alert_open on alert (model, metric) where state = 'OPEN';

-- Up to when scorecards were looked at for alerts.
create table alert_watch (
    one     boolean primary key default true check (one),
    seen_at timestamptz not null default '2000-01-01Z'
);
insert into alert_watch default values;
