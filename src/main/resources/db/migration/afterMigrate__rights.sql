-- The role that the service works with (see docs/reliability.md): everything but changing or deleting results. Run by the owner after
-- every migration, so that new tables are covered; a database without that role is left as it is.
do
$$
begin
    if exists (select from pg_roles where rolname = 'segmeter_service') and current_user <> 'segmeter_service' then
        perform pg_advisory_xact_lock(7301843);
        execute format('grant usage on schema %I to segmeter_service', current_schema());
        execute format('grant select, insert, update, delete on all tables in schema %I to segmeter_service', current_schema());
        execute format('grant usage, select on all sequences in schema %I to segmeter_service', current_schema());
        revoke update, delete on scorecard, segment_values, value_place, result_link, result_removal from segmeter_service;
    end if;
end
$$;
