-- Rules that results must fulfil.
create table gate (
    tenant     text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    id         text        not null check (id ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    version    integer     not null default 1,
    document   text        not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant, id)
);

-- Gates applied to results, with the rules as they were; a verdict never changes.
create table gate_run (
    id           uuid primary key,
    tenant       text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    gate_id      text        not null,
    gate_version integer     not null,
    document     text        not null,
    subject      text        not null,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    verdict      text check (verdict in ('PASS', 'FAIL')),
    checks       text,
    foreign key (tenant, gate_id) references gate on delete cascade,
    check ((verdict is null) = (checks is null) and (verdict is null) = (finished_at is null))
);
create index gate_run_by_gate on gate_run (tenant, gate_id, created_at desc);

create function keep_verdict() returns trigger language plpgsql as
$$
begin
    if old.verdict is not null then
        raise exception 'a verdict never changes';
    end if;
    return new;
end
$$;
create trigger gate_run_keeps_its_verdict before update on gate_run for each row execute function keep_verdict();
