-- Whose a row is. A connection says for whom it works by the setting segmeter.tenant; without it rows are of the tenant "default".
alter table evaluation add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');
alter table scorecard add column tenant text not null default 'default';
alter table result_removal add column tenant text not null default 'default';
alter table dicom_instance add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');
alter table pair add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');
alter table delivery add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');
alter table pairing_rules add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');

-- Content is kept once; who needs it, and so may name it by its digest, is each tenant's own affair.
alter table blob_use add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default');
alter table blob_use drop constraint blob_use_pkey, add primary key (sha256, used_by, tenant);

-- The same instance may be sent by two tenants, and neither learns of the other.
alter table pair drop constraint pair_prediction_sop_fkey, drop constraint pair_reference_sop_fkey, drop constraint pair_report_sop_fkey,
    drop constraint pair_prediction_sop_reference_sop_key;
alter table delivery drop constraint delivery_sop_instance_uid_fkey;
alter table dicom_instance drop constraint dicom_instance_pkey, add primary key (tenant, sop_instance_uid);
create index dicom_instance_by_sop on dicom_instance (sop_instance_uid);
alter table pair
    add foreign key (tenant, prediction_sop) references dicom_instance,
    add foreign key (tenant, reference_sop) references dicom_instance,
    add foreign key (tenant, report_sop) references dicom_instance,
    add unique (tenant, prediction_sop, reference_sop);
alter table delivery add foreign key (tenant, sop_instance_uid) references dicom_instance;

-- A result and the note that there was one are of the tenant of their evaluation; who writes them down works for the service itself.
create or replace function leave_tombstone() returns trigger language plpgsql security definer set search_path from current as
$$
begin
    insert into result_removal (evaluation_id, scorecard_sha256, tenant) values (old.evaluation_id, old.sha256, old.tenant)
    on conflict do nothing;
    return old;
end
$$;

-- Keys of those who use the service. Of the secret there is its digest only; it is as random as the digest is long.
create table api_key (
    id            text primary key check (id ~ '^[0-9a-z]{12}$'),
    tenant        text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    name          text        not null,
    secret_sha256 text        not null check (secret_sha256 ~ '^[0-9a-f]{64}$'),
    roles         text[]      not null,
    created_at    timestamptz not null default now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    -- The key that this one takes the place of.
    replaces      text
);
create index api_key_by_tenant on api_key (tenant, created_at);

-- Browsers that were let in with a key; of what they hold there is the digest only.
create table browser_session (
    token_sha256 text primary key check (token_sha256 ~ '^[0-9a-f]{64}$'),
    -- Null: the key of the configuration.
    api_key      text references api_key on delete cascade,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null
);
create index browser_session_by_end on browser_session (expires_at);
