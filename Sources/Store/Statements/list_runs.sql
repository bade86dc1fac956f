-- $1 workspace, $2 id that the page ends before, $3 least id, $4 flow or NULL, $5 states or NULL, $6 request or NULL,
-- $7 rows at most
SELECT r.workspace_id, r.id, r.request_id, r.flow_id, coalesce((
    SELECT f.name FROM flows f WHERE f.workspace_id = r.workspace_id AND f.id = r.flow_id), ''), r.flow_version, r.trigger_id,
  r.node, r.output, r.entry_node, r.variables, r.event, r.state, r.attempt, r.max_attempts, r.lease_epoch,
  coalesce(r.worker, ''), CASE WHEN r.available_at < 'infinity' THEN r.available_at ELSE r.created_at END,
  r.created_at, r.finished_at, coalesce(r.last_error, ''),
  r.customer_id, r.chat_id, r.element, r.order_key, r.replay_of, r.traceparent
FROM runs r
WHERE r.workspace_id = $1::uuid AND r.id < $2::uuid AND r.id >= $3::uuid
  AND ($4::uuid IS NULL OR r.flow_id = $4)
  AND ($5::int2[] IS NULL OR r.state = ANY ($5))
  AND ($6::uuid IS NULL OR r.request_id = $6)
ORDER BY r.id DESC LIMIT $7::int4
