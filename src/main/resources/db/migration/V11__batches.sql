-- Many evaluations that were submitted together. Its items wait here, not in the queue, which is fed from them.
create table batch (
    id          uuid primary key,
    tenant      text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    created_at  timestamptz not null default now(),
    finished_at timestamptz,
    -- OPEN: items still come; RUNNING: all are here; DONE: none will change any more, unless some are tried again.
    state       text        not null check (state in ('OPEN', 'RUNNING', 'DONE', 'CANCELLED')),
    -- Made by the service for people to look at.
    demo        boolean     not null default false,
    protocols   text[]      not null,
    request     text,
    waiting     integer     not null default 0 check (waiting >= 0),
    scoring     integer     not null default 0 check (scoring >= 0),
    succeeded   integer     not null default 0 check (succeeded >= 0),
    failed      integer     not null default 0 check (failed >= 0),
    cancelled   integer     not null default 0 check (cancelled >= 0)
);
create index batch_by_time on batch (created_at desc, id desc);
create index batch_unfinished on batch (created_at) where state in ('OPEN', 'RUNNING') or scoring > 0;

-- One pair of a batch. At most one evaluation at a time is its own, and no evaluation belongs to two.
create table batch_item (
    batch_id      uuid    not null references batch on delete cascade,
    number        integer not null check (number >= 1),
    tenant        text    not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    state         text    not null check (state in ('WAITING', 'SCORING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    case_id       text,
    model_name    text,
    model_version text,
    site          text,
    labels        jsonb   not null default '{}',
    -- Where the files of both sides are: sha256:..., or the name of a root and a path below it.
    prediction    text[]  not null,
    reference     text[]  not null,
    evaluation_id uuid unique,
    problem_slug  text,
    problem       text,
    finished_at   timestamptz,
    -- When the evaluation is to have been, for a demonstration; null for when it was.
    dated_at      timestamptz,
    primary key (batch_id, number)
);
create index batch_item_by_state on batch_item (batch_id, state, number);
create index batch_item_by_end on batch_item (batch_id, finished_at) where finished_at is not null;

-- What cannot be seen from the counts: which items failed, and when it was over.
create table batch_event (
    sequence bigint generated always as identity primary key,
    batch_id uuid        not null references batch on delete cascade,
    tenant   text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    at       timestamptz not null default clock_timestamp(),
    kind     text        not null check (kind in ('item-failed', 'done', 'cancelled', 'retried')),
    number   integer
);
create index batch_event_by_batch on batch_event (batch_id, sequence);
