-- A tenant with little among others with much does not have to read past theirs.
create index evaluation_by_tenant on evaluation (tenant, created_at desc, id desc);
create index pair_by_tenant on pair (tenant, created_at desc, id desc);
