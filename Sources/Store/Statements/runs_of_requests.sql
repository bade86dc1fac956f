-- $1 workspace, $2 requests, $3 their least and $4 their greatest runs' ids, $5 runs of a request at most
SELECT r.workspace_id, r.id, r.request_id, r.flow_id, coalesce((
    SELECT f.name FROM flows f WHERE f.workspace_id = r.workspace_id AND f.id = r.flow_id), ''), r.flow_version, r.trigger_id,
  r.node, r.output, r.entry_node, r.variables, r.event, r.state, r.attempt, r.max_attempts, r.lease_epoch,
  coalesce(r.worker, ''), r.available_at, r.created_at, r.finished_at, coalesce(r.last_error, ''),
  r.customer_id, r.chat_id, r.element, r.order_key, r.replay_of, r.traceparent
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS wanted (request_id, least, bound)
CROSS JOIN LATERAL (
  SELECT * FROM runs r
  WHERE r.workspace_id = $1::uuid AND r.request_id = wanted.request_id AND r.id >= wanted.least AND r.id < wanted.bound
  ORDER BY r.element, r.id LIMIT $5::int4
) r
ORDER BY r.request_id, r.element, r.id
