-- $1 workspaces, $2 triggers, $3 delivery ids, $4 requests, $5 windows in microseconds: of one length and sorted by the first
-- three, none twice, so that batches that claim the same wait for each other in one direction. Touches what it got: what was
-- free, and what had expired.
INSERT INTO delivery_claims AS c (workspace_id, trigger_id, delivery_id, request_id, expires_at)
SELECT w.workspace_id, w.trigger_id, w.delivery_id, w.request_id, now() + w.time * interval '1 microsecond'
FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::uuid[], $5::int8[])
  AS w (workspace_id, trigger_id, delivery_id, request_id, time)
ON CONFLICT (workspace_id, trigger_id, delivery_id)
DO UPDATE SET request_id = excluded.request_id, expires_at = excluded.expires_at
WHERE c.expires_at <= now()
