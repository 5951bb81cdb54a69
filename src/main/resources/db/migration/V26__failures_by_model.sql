-- The failures of a model, newest first: there are few, and among the many evaluations of a model they would be looked for one by one.
create index evaluation_failed_by_model on evaluation (model_name, created_at desc, id desc) where state = 'FAILED';
