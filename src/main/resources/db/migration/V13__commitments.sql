-- What was promised to be kept, and to whom it was answered what (PS3.18 chapter 13).
create table storage_commitment (
    tenant          text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    transaction_uid text        not null,
    outcomes        jsonb       not null,
    requested_at    timestamptz not null default clock_timestamp(),
    primary key (tenant, transaction_uid)
);

create index pair_by_evaluation on pair (evaluation_id) where evaluation_id is not null;
