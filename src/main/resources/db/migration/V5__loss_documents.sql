-- Losses, calibration and fragility of a finished evaluation: the exact bytes that are served, measured from the stored inputs when
-- somebody asks first. All three are written in one transaction.
create table loss_document (
    evaluation_id  uuid        not null references scorecard on delete cascade,
    kind           text        not null check (kind in ('loss', 'calibration', 'fragility')),
    content        text        not null,
    sha256         text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    engine_version text        not null,
    engine_commit  text        not null,
    created_at     timestamptz not null default now(),
    primary key (evaluation_id, kind)
);
create trigger loss_document_is_append_only before update on loss_document for each row execute function refuse_change();
