-- Which part a stored segmentation plays, and by which rule.
alter table dicom_instance
    add column role      text check (role in ('PREDICTION', 'REFERENCE')),
    add column role_rule text;

-- The row of a study is locked while something changes among its pairs: in whatever order segmentations arrive, and at whichever
-- replica, each sees what the ones before it did.
create table pairing_study (
    study_uid text primary key
);

-- How segmentations are told apart; the newest version applies.
create table pairing_rules (
    version    bigint generated always as identity primary key,
    document   text        not null,
    created_at timestamptz not null default now()
);

-- A prediction and the reference that belongs to it, and how far their meeting has come.
create table pair (
    id               uuid primary key,
    study_uid        text        not null,
    state            text        not null check (state in ('WAITING', 'MATCHED', 'SCORED', 'NOT_SCORED', 'ACCEPTED_UNCHANGED',
        'AMBIGUOUS', 'SUPERSEDED', 'EXPIRED')),
    reason           text        not null,
    prediction_sop   text references dicom_instance,
    reference_sop    text references dicom_instance,
    -- Segmentations between which a person must choose.
    candidates       text[]      not null default '{}',
    -- Identities of the segments that both sides have.
    keys             text[]      not null default '{}',
    -- The later correction that this pair gives way to, once it is scored.
    superseded_by    text,
    evaluation_id    uuid,
    report_sop       text references dicom_instance,
    created_at       timestamptz not null default clock_timestamp(),
    changed_at       timestamptz not null default clock_timestamp(),
    unique (prediction_sop, reference_sop)
);
create index pair_by_study on pair (study_uid);
create index pair_by_time on pair (created_at desc, id desc);
create index pair_matched on pair (changed_at) where state = 'MATCHED';
create index pair_open on pair (created_at) where state in ('WAITING', 'AMBIGUOUS');
create index pair_by_prediction on pair (prediction_sop);
create index pair_by_reference on pair (reference_sop);

create table pair_transition (
    sequence   bigint generated always as identity primary key,
    pair_id    uuid        not null references pair,
    at         timestamptz not null default clock_timestamp(),
    from_state text,
    to_state   text        not null,
    reason     text        not null
);
create index pair_transition_by_pair on pair_transition (pair_id, sequence);
create trigger pair_transition_is_append_only before update on pair_transition for each row execute function refuse_change();

-- What is to be told to others, written with the change that it tells of, and tried until it is done or refused.
create table delivery (
    id               uuid primary key,
    kind             text        not null check (kind in ('STOW', 'WEBHOOK')),
    destination      text        not null,
    pair_id          uuid        not null references pair,
    sop_instance_uid text references dicom_instance,
    body             text,
    state            text        not null default 'PENDING' check (state in ('PENDING', 'DELIVERED', 'GIVEN_UP')),
    attempts         integer     not null default 0,
    next_attempt_at  timestamptz not null default now(),
    leased_until     timestamptz,
    last_error       text,
    created_at       timestamptz not null default now(),
    ended_at         timestamptz
);
create index delivery_due on delivery (next_attempt_at) where state = 'PENDING';
create index delivery_by_pair on delivery (pair_id);
