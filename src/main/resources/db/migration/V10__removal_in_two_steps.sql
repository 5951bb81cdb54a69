-- Content goes in two steps: the row says REMOVED and is committed, then the file goes. True between the two, so that what a crash left
-- behind is found again.
alter table blob add column remains boolean not null default false;
create index blob_remains on blob (sha256) where remains;
