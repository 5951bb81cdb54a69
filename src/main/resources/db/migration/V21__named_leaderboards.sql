-- Questions for a ranking that have a name. A version never changes; a frozen one has its answer, too.
create table leaderboard (
    tenant     text        not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    name       text        not null check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    version    integer     not null check (version >= 1),
    document   text        not null,
    answer     text,
    created_at timestamptz not null default now(),
    primary key (tenant, name, version)
);
create trigger leaderboard_never_changes before update on leaderboard for each row execute function refuse_change();
