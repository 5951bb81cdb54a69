-- Values are written with their scorecard, in one transaction, and by nothing else. A foreign key looks the scorecard up once more for
-- each of hundreds of values; removing them with it is all that it was needed for.
alter table metric_value drop constraint metric_value_evaluation_id_fkey;

create function remove_values() returns trigger language plpgsql as
$$
begin
    delete from metric_value where evaluation_id in (select evaluation_id from removed);
    return null;
end
$$;
create trigger scorecard_takes_its_values_along after delete on scorecard
    referencing old table as removed for each statement execute function remove_values();
