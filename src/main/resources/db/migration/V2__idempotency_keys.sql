-- Keys that clients gave to their submissions, by their SHA-256, so that a repeated request makes no second evaluation. Written in
-- the transaction that accepts the evaluation. The evaluation may be removed before its key: then the key is still used up.
create table idempotency_key (
    key_sha256     text primary key check (key_sha256 ~ '^[0-9a-f]{64}$'),
    -- Digest of all that was submitted: files, their order and sides, and the request.
    content_sha256 text        not null check (content_sha256 ~ '^[0-9a-f]{64}$'),
    evaluation_id  uuid        not null,
    created_at     timestamptz not null default now()
);
create index idempotency_key_by_time on idempotency_key (created_at);
