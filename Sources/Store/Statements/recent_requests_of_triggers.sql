-- $1 workspaces and $2 triggers, in pairs, $3 least id, $4 rows at most of each
SELECT r.trigger_id, r.id
FROM unnest($1::uuid[], $2::uuid[]) AS w (workspace_id, trigger_id)
CROSS JOIN LATERAL (
  SELECT q.trigger_id, q.id FROM requests q
  WHERE q.workspace_id = w.workspace_id AND q.trigger_id = w.trigger_id AND q.id >= $3::uuid
  ORDER BY q.id DESC LIMIT $4::int4
) r
ORDER BY r.id
