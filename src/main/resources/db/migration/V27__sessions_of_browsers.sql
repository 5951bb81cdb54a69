-- Sessions by a name that is no secret, so that they can be listed and ended one by one, and when each was used last: one that is not
-- used ends before its time.
alter table browser_session
    add column id uuid not null default gen_random_uuid() unique,
    add column tenant text not null default coalesce(nullif(current_setting('segmeter.tenant', true), ''), 'default'),
    add column last_used_at timestamptz not null default now(),
    -- What it is called in lists: a browser and a system of a short list, never what the browser said.
    add column browser text not null default '';
update browser_session s set tenant = k.tenant from api_key k where k.id = s.api_key;
create index browser_session_by_tenant on browser_session (tenant, api_key);
