-- In the binary format.
COPY requests (
  workspace_id, id, trigger_id, received_at, processing_us, flow_version, body_length, outcome, cause, status, client_address,
  method, path, query, origin, event, output, headers, body, explanation,
  delivery_id, duplicate_of, customer_id, chat_id, replay_of, trace_id, binding, sealed)
FROM STDIN (FORMAT binary)
