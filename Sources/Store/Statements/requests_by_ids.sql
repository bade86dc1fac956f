-- $1 workspace, $2 ids, $3 the least of them, $4 the greatest. In the order of the ids.
SELECT r.id, r.trigger_id, coalesce(f.name, ''), coalesce(t.node, ''), r.flow_version, r.received_at, r.method, r.path, r.query,
  r.client_address, r.origin, r.outcome, r.cause, r.status, r.event, r.output, r.body_length, r.processing_us, r.delivery_id,
  r.duplicate_of, r.customer_id, r.chat_id, r.replay_of, r.trace_id
FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place)
CROSS JOIN LATERAL (
  SELECT * FROM requests r
  WHERE r.workspace_id = $1::uuid AND r.id = wanted.id AND r.id >= $3::uuid AND r.id <= $4::uuid LIMIT 1
) r
LEFT JOIN triggers t ON t.workspace_id = r.workspace_id AND t.id = r.trigger_id
LEFT JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
ORDER BY wanted.place
