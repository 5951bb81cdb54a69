-- What the files of an item were called by who sent them, for tables of results.
alter table batch_item add column prediction_name text, add column reference_name text;
