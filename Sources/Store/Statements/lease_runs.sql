-- $1 workspace, $2 flow or NULL, $3 rows at most, $4 worker, $5 length of the lease in microseconds.
-- What was abandoned at its last attempt becomes dead and is returned as such.
WITH waiting AS (
  SELECT id FROM runs
  WHERE workspace_id = $1::uuid AND state IN (1, 2) AND available_at <= now() AND ($2::uuid IS NULL OR flow_id = $2)
  ORDER BY available_at LIMIT $3::int4
  FOR UPDATE SKIP LOCKED
)
UPDATE runs r
SET state = CASE WHEN r.attempt < r.max_attempts THEN 2 ELSE 4 END,
  attempt = CASE WHEN r.attempt < r.max_attempts THEN r.attempt + 1 ELSE r.attempt END,
  lease_epoch = r.lease_epoch + 1,
  worker = CASE WHEN r.attempt < r.max_attempts THEN $4::text ELSE r.worker END,
  available_at = now() + $5::int8 * interval '1 microsecond',
  finished_at = CASE WHEN r.attempt < r.max_attempts THEN NULL ELSE now() END,
  last_error = CASE WHEN r.attempt < r.max_attempts THEN r.last_error ELSE 'the lease ended without a word of the worker' END
WHERE r.workspace_id = $1::uuid AND r.id = ANY (ARRAY(SELECT id FROM waiting))
RETURNING r.workspace_id, r.id, r.request_id, r.flow_id, coalesce((
    SELECT f.name FROM flows f WHERE f.workspace_id = r.workspace_id AND f.id = r.flow_id), ''), r.flow_version, r.trigger_id,
  r.node, r.output, r.entry_node, r.variables, r.event, r.state, r.attempt, r.max_attempts, r.lease_epoch,
  coalesce(r.worker, ''), r.available_at, r.created_at, r.finished_at, coalesce(r.last_error, ''),
  r.customer_id, r.chat_id, r.element, r.order_key, r.replay_of, r.traceparent
