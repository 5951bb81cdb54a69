-- Who submitted an evaluation, so that what one key has waiting can be counted; null for what began by itself, or without a login.
alter table evaluation add column submitted_by text;
drop index evaluation_queued_by_tenant;
create index evaluation_queued_by_tenant on evaluation (tenant, submitted_by) where state = 'QUEUED';
-- The queue takes the highest priority first, and within one the oldest.
update scheduled_tasks set priority = 0 where priority is null;
alter table scheduled_tasks alter column priority set default 0, alter column priority set not null;
drop index scheduled_tasks_by_execution_time;
create index scheduled_tasks_by_turn on scheduled_tasks (priority desc, execution_time);
