-- Which installation this is, so that a store of files is never shared by two databases: each would remove what only the other knows.
create table installation (
    one boolean primary key default true check (one),
    id  uuid not null default gen_random_uuid()
);
insert into installation default values;

alter table blob
    -- REMOVED: by retention, while evaluations still name it. CORRUPT, MISSING: found when the stored content was hashed again.
    add column condition text not null default 'STORED' check (condition in ('STORED', 'REMOVED', 'CORRUPT', 'MISSING')),
    add column verified_at timestamptz not null default now(),
    -- Lease of whoever is hashing it again.
    add column verifying_until timestamptz;
create index blob_by_verification on blob (verified_at) where condition = 'STORED';
create index blob_by_use on blob (last_used_at);

-- Content of submissions that are being accepted: between the moment before a file gets its name and the commit of its evaluation.
create table blob_hold (
    sha256     text        not null references blob on delete cascade,
    holder     uuid        not null,
    held_until timestamptz not null,
    primary key (sha256, holder)
);
create index blob_hold_by_holder on blob_hold (holder);

alter table evaluation add column inputs_removed_at timestamptz;
create index evaluation_with_inputs on evaluation (finished_at) where inputs_removed_at is null and finished_at is not null;
create index evaluation_by_end on evaluation (finished_at) where finished_at is not null;
create index evaluation_event_by_time on evaluation_event (at);

-- Work that one of the replicas does for all, with a lease in the database's time.
create table chore (
    name       text primary key,
    last_at    timestamptz,
    leased_until timestamptz
);
