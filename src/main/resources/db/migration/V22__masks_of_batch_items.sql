-- Where the files are that say which voxels of an item are scored; none to score all.
alter table batch_item add column mask text[] not null default '{}';
