-- $1 to $28: the columns in this order. Nothing when the request is recorded already.
INSERT INTO requests (
  workspace_id, id, trigger_id, received_at, processing_us, flow_version, body_length, outcome, cause, status, client_address,
  method, path, query, origin, event, output, headers, body, explanation,
  delivery_id, duplicate_of, customer_id, chat_id, replay_of, trace_id, binding, sealed)
VALUES (
  $1::uuid, $2::uuid, $3::uuid, $4::timestamptz, $5::int4, $6::int4, $7::int4, $8::int2, $9::int2, $10::int2, $11::inet,
  $12::bytea, $13::bytea, $14::bytea, $15::bytea, $16::bytea, $17::text, $18::bytea, $19::bytea, $20::bytea,
  $21::bytea, $22::uuid, $23::uuid, $24::uuid, $25::uuid, $26::bytea, $27::bytea, $28::bytea)
ON CONFLICT (workspace_id, id) DO NOTHING
