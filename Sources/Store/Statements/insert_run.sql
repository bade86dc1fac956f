-- $1 to $18: the columns in this order. Nothing when the run is recorded already.
INSERT INTO runs (
  workspace_id, id, request_id, flow_id, trigger_id, flow_version, max_attempts, node, output,
  entry_node, event, variables, customer_id, chat_id, element, order_key, replay_of, traceparent)
VALUES (
  $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::uuid, $6::int4, $7::int2, $8::text, $9::text, $10::text,
  $11::bytea, $12::json, $13::uuid, $14::uuid, $15::int2, $16::bytea, $17::uuid, $18::text)
ON CONFLICT (workspace_id, id) DO NOTHING
