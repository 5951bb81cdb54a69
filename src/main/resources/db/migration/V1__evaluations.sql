-- Content that was received, stored by its SHA-256. The bytes are in the blob store; a row exists for each that is in use.
create table blob (
    sha256       text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    size_bytes   bigint      not null check (size_bytes >= 0),
    stored_at    timestamptz not null default now(),
    last_used_at timestamptz not null default now()
);

-- One prediction against one reference under one request: the unit of work and of the API.
create table evaluation (
    id               uuid primary key,
    created_at       timestamptz not null default now(),
    state            text        not null check (state in ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    stage            text,
    -- Fencing number: counted before work starts; only the holder of the highest one may finish the evaluation.
    attempt          integer     not null default 0,
    -- Attempts that ended because the service was shut down in good order; they do not count against the input.
    handed_back      integer     not null default 0,
    worker           text,
    cancel_requested boolean     not null default false,
    started_at       timestamptz,
    finished_at      timestamptz,
    case_id          text,
    model_name       text,
    model_version    text,
    site             text,
    labels           jsonb       not null default '{}',
    protocols        text[]      not null,
    request          text,
    problem_slug     text,
    problem          text
);
create index evaluation_by_time on evaluation (created_at desc, id desc);
create index evaluation_by_model on evaluation (model_name, model_version, created_at desc, id desc) where model_name is not null;
create index evaluation_by_case on evaluation (case_id, created_at desc, id desc) where case_id is not null;
create index evaluation_unfinished on evaluation (state, created_at) where state in ('QUEUED', 'RUNNING');

create table evaluation_input (
    evaluation_id uuid    not null references evaluation on delete cascade,
    side          text    not null check (side in ('prediction', 'reference')),
    position      integer not null,
    sha256        text    not null references blob,
    primary key (evaluation_id, side, position)
);
create index evaluation_input_by_blob on evaluation_input (sha256);

-- What happened to an evaluation, in order; the stream of server-sent events reads it.
create table evaluation_event (
    sequence      bigint generated always as identity primary key,
    evaluation_id uuid        not null references evaluation on delete cascade,
    at            timestamptz not null default clock_timestamp(),
    state         text        not null,
    stage         text
);
create index evaluation_event_by_evaluation on evaluation_event (evaluation_id, sequence);

-- The result: the exact bytes that are served, and their digest. At most one per evaluation, whatever happened on the way.
create table scorecard (
    evaluation_id   uuid primary key references evaluation on delete cascade,
    attempt         integer     not null,
    content         text        not null,
    sha256          text        not null,
    protocol        text        not null,
    protocol_sha256 text        not null,
    engine_version  text        not null,
    engine_commit   text        not null,
    created_at      timestamptz not null default now()
);

-- The values of a scorecard once more, for queries. Segment -1 is all foreground together.
create table metric_value (
    evaluation_id  uuid    not null references scorecard on delete cascade,
    segment_index  integer not null,
    segment_number integer,
    segment_label  text,
    metric         text    not null,
    parameters     text    not null default '{}',
    value          double precision,
    unit           text    not null,
    state          text    not null,
    primary key (evaluation_id, segment_index, metric, parameters)
);
create index metric_value_by_metric on metric_value (metric, segment_label) where value is not null;

create function refuse_change() returns trigger language plpgsql as
$$
begin
    raise exception '% is append-only', tg_table_name;
end
$$;
create trigger scorecard_is_append_only before update on scorecard for each row execute function refuse_change();
create trigger metric_value_is_append_only before update on metric_value for each row execute function refuse_change();

-- Protocols that were added to the built-in ones; a protocol never changes.
create table protocol (
    id         text primary key,
    sha256     text        not null,
    document   text        not null,
    created_at timestamptz not null default now()
);
create trigger protocol_never_changes before update on protocol for each row execute function refuse_change();

-- db-scheduler's table.
create table scheduled_tasks (
    task_name            text        not null,
    task_instance        text        not null,
    task_data            bytea,
    execution_time       timestamptz not null,
    picked               boolean     not null,
    picked_by            text,
    last_success         timestamptz,
    last_failure         timestamptz,
    consecutive_failures integer,
    last_heartbeat       timestamptz,
    version              bigint      not null,
    priority             smallint,
    primary key (task_name, task_instance)
);
create index scheduled_tasks_by_execution_time on scheduled_tasks (execution_time);
create index scheduled_tasks_by_last_heartbeat on scheduled_tasks (last_heartbeat);
