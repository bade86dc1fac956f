-- $1 workspace, $2 id
SELECT workspace_id, id, trigger_id, flow_version, received_at, method, path, query, headers, body, body_length,
  client_address, origin, outcome, cause, status, event, output, explanation, processing_us,
  delivery_id, duplicate_of, customer_id, chat_id, replay_of, trace_id, binding, sealed
FROM requests WHERE workspace_id = $1::uuid AND id = $2::uuid
