-- $1 workspace, $2 trigger, $3 id that they come after, $4 rows at most. Requests recorded while the secret was not known, the
-- oldest first; those that another process is at are left to it.
SELECT workspace_id, id, trigger_id, flow_version, received_at, method, path, query, headers, body, body_length,
  client_address, origin, outcome, cause, status, event, output, explanation, processing_us,
  delivery_id, duplicate_of, customer_id, chat_id, replay_of, trace_id, binding, sealed
FROM requests
WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND outcome = 7 AND id > $3::uuid
ORDER BY id LIMIT $4::int4
FOR UPDATE SKIP LOCKED
