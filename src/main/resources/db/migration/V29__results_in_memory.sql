-- In which transaction a result was written or removed: who keeps results in memory finds exactly those that the last look did not see,
-- whatever the order in which transactions end. Null in rows that are older than this column.
alter table scorecard add column written_in bigint;
alter table scorecard alter column written_in set default pg_current_xact_id()::text::bigint;
create index scorecard_by_transaction on scorecard (written_in);
alter table result_removal add column written_in bigint;
alter table result_removal alter column written_in set default pg_current_xact_id()::text::bigint;
create index result_removal_by_transaction on result_removal (written_in);

-- What an evaluation belongs to changes only where a demonstration gets its dates. Then all is read anew.
create table description_change (
    one    boolean primary key default true check (one),
    number bigint not null default 0
);
insert into description_change default values;
create function count_description_change() returns trigger language plpgsql security definer set search_path from current as
$$
begin
    update description_change set number = number + 1;
    return null;
end
$$;
create trigger evaluation_changes_description
    after update of created_at, model_name, model_version, site, labels, protocols, tenant on evaluation
    for each statement execute function count_description_change();
