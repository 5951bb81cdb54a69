-- What a removed result leaves behind: that there was one, and its digest.
create table result_removal (
    evaluation_id    uuid primary key,
    scorecard_sha256 text        not null check (scorecard_sha256 ~ '^[0-9a-f]{64}$'),
    removed_at       timestamptz not null default now()
);

-- Results and removals in the order in which they were found, each with the digest of the one before: none can be changed, left out or
-- put in between without all that follow changing too.
create table result_link (
    sequence         bigint primary key check (sequence >= 1),
    kind             text        not null check (kind in ('RESULT', 'REMOVAL')),
    evaluation_id    uuid        not null,
    scorecard_sha256 text        not null check (scorecard_sha256 ~ '^[0-9a-f]{64}$'),
    at               timestamptz not null,
    previous_sha256  text        not null check (previous_sha256 ~ '^[0-9a-f]{64}$'),
    sha256           text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    unique (evaluation_id, kind)
);

-- The youngest results are looked through for those that are not linked yet.
create index scorecard_by_time on scorecard using brin (created_at) with (pages_per_range = 8);
create index result_removal_by_time on result_removal (removed_at);

create trigger result_link_is_append_only before update or delete on result_link for each row execute function refuse_change();
create trigger result_removal_is_append_only before update or delete on result_removal for each row execute function refuse_change();
create trigger result_link_is_never_emptied before truncate on result_link for each statement execute function refuse_change();
create trigger result_removal_is_never_emptied before truncate on result_removal for each statement execute function refuse_change();
create trigger scorecard_is_never_emptied before truncate on scorecard for each statement execute function refuse_change();
create trigger metric_value_is_never_emptied before truncate on metric_value for each statement execute function refuse_change();

-- However a result is removed, by the service, by retention or by hand, it leaves its tombstone. With the rights of the owner, because
-- the service itself may not delete results other than with their evaluation.
create function leave_tombstone() returns trigger language plpgsql security definer set search_path from current as
$$
begin
    insert into result_removal (evaluation_id, scorecard_sha256) values (old.evaluation_id, old.sha256) on conflict do nothing;
    return old;
end
$$;
create trigger scorecard_leaves_tombstone before delete on scorecard for each row execute function leave_tombstone();
