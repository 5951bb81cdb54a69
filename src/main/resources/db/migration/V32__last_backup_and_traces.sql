-- When the last whole backup by the command was finished, so that an alert can say that there was none since. Null for never.
alter table installation add column backed_up_at timestamptz;
-- The trace of the request that submitted it (W3C Trace Context), in whose name the log tells of the work too, whichever replica does it.
alter table evaluation add column trace text;
