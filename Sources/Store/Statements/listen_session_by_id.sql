-- $1 workspace, $2 id. A session whose time is over is shown as expired, also before its row says so.
SELECT l.workspace_id, l.id, l.trigger_id, f.name, t.node, t.key, l.mode,
  CASE WHEN l.state IN (1, 2) AND l.expires_at <= clock_timestamp() THEN 3::int2 ELSE l.state END,
  l.max_requests, l.received, l.principal, l.created_at, l.expires_at,
  (extract(epoch FROM l.expires_at - clock_timestamp()) * 1000000)::int8
FROM listen_sessions l
JOIN triggers t ON t.workspace_id = l.workspace_id AND t.id = l.trigger_id
JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
WHERE l.workspace_id = $1::uuid AND l.id = $2::uuid
