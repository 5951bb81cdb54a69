-- What first views ask for, whatever the number of evaluations: the few that failed, and by which protocols there are results.
create index evaluation_failed on evaluation (created_at desc, id desc) where state = 'FAILED';
create index evaluation_by_protocol on evaluation ((protocols[1])) where state = 'SUCCEEDED';
