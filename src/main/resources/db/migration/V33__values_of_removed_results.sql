-- Values go with their scorecard, whoever removes it. PostgreSQL before 18 runs what follows a deletion as the role that asked for it, and the
-- service's role may delete no values: where it is not the owner of the tables, no evaluation could be removed.
alter function remove_values() security definer set search_path from current;
