-- What names a person is kept as pseudonyms (keyed digests) by which it can be found, and sealed with a key that is not in the database
-- for those who may see it. A row without a seal is from before and is sealed in time.
alter table dicom_instance
    add column identity  bytea,
    -- Which key the pseudonyms and the seal are of.
    add column sealed_by text,
    add column patient   text,
    add column accession text;
create index dicom_instance_by_seal on dicom_instance (sealed_by);
create index dicom_instance_by_patient_pseudonym on dicom_instance (tenant, patient) where patient is not null;
create index dicom_instance_by_accession_pseudonym on dicom_instance (tenant, accession) where accession is not null;
drop index dicom_instance_by_patient;
drop index dicom_instance_by_accession;

-- The key in use, of which there is a digest of a digest only.
create table pseudonym_key (
    one        boolean primary key default true check (one),
    id         text        not null,
    -- True if the configuration holds it: then it does for every replica.
    configured boolean     not null,
    since      timestamptz not null default now()
);

-- What was erased on request, at whose, and what became of it: no identifier, and of the subject a keyed digest.
create table erasure (
    id           uuid primary key,
    tenant       text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    kind         text        not null check (kind in ('PATIENT', 'STUDY', 'CASE')),
    subject      text        not null,
    requested_by text        not null,
    requested_at timestamptz not null default clock_timestamp(),
    completed_at timestamptz,
    lifted_at    timestamptz,
    studies      integer     not null default 0,
    instances    integer     not null default 0,
    pairs        integer     not null default 0,
    evaluations  integer     not null default 0,
    files        integer     not null default 0
);
create index erasure_by_time on erasure (tenant, requested_at desc, id);
create index erasure_open on erasure (requested_at) where completed_at is null;

-- Studies whose instances are not taken again.
create table erased_study (
    tenant     text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    study      text not null,
    erasure_id uuid not null references erasure,
    primary key (tenant, study)
);
create index erased_study_by_erasure on erased_study (erasure_id);

-- What is still to be removed; empty when the erasure is complete.
create table erasure_left (
    erasure_id uuid not null references erasure,
    tenant     text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    kind       text not null check (kind in ('STUDY', 'EVALUATION', 'FILE')),
    name       text not null,
    primary key (erasure_id, kind, name)
);

-- How much of the queue is whose.
create index evaluation_queued_by_tenant on evaluation (tenant) where state = 'QUEUED';
