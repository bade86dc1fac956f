-- $1 workspaces, $2 triggers, $3 order keys, in triples: of runs that were finished. Makes the next run of each key available.
UPDATE runs r SET available_at = now()
FROM (
  SELECT DISTINCT ended.workspace_id, first.id
  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS ended (workspace_id, trigger_id, order_key)
  CROSS JOIN LATERAL (
    SELECT n.id FROM runs n
    WHERE n.workspace_id = ended.workspace_id AND n.trigger_id = ended.trigger_id AND n.order_key = ended.order_key
      AND n.state = 1
    ORDER BY n.request_id, n.element LIMIT 1) first
) AS next
WHERE r.workspace_id = next.workspace_id AND r.id = next.id AND r.state = 1 AND r.available_at = 'infinity'
RETURNING r.workspace_id
