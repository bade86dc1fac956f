-- $1 workspaces, $2 ids, $3 requests received, one of each per session. Sessions that a control plane serves now.
UPDATE listen_sessions l
SET attended_at = clock_timestamp(), received = greatest(l.received, s.received),
  state = CASE WHEN l.state = 1 AND s.received > 0 THEN 2 ELSE l.state END
FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS s (workspace_id, id, received)
WHERE l.workspace_id = s.workspace_id AND l.id = s.id AND l.state IN (1, 2)
