-- What was submitted without a key of its own, by the digest of files, request and engine, and the last evaluation of it: the same
-- submission again is answered with that one.
create table submission_content (
    content_sha256 text primary key check (content_sha256 ~ '^[0-9a-f]{64}$'),
    evaluation_id  uuid not null
);

-- Keys whose first request is being received, by which process, and how long that holds without being renewed. Lost with a crash of the
-- server, as it may be: that there is one evaluation for a key is seen to when it is accepted.
create unlogged table idempotency_key_in_use (
    key_sha256 text primary key check (key_sha256 ~ '^[0-9a-f]{64}$'),
    holder     uuid        not null,
    held_until timestamptz not null
);
