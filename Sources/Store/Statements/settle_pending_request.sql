-- $1 workspace, $2 id, then what was found once the request could be verified. What the caller was answered stays. What redaction
-- took out is kept only where the request may be verified again.
UPDATE requests
SET outcome = $3::int2, cause = $4::int2, flow_version = $5::int4, event = $6::bytea, output = $7::text, explanation = $8::bytea,
  delivery_id = $9::bytea, duplicate_of = $10::uuid, customer_id = $11::uuid, chat_id = $12::uuid, binding = $13::bytea,
  sealed = CASE WHEN $14::bool THEN sealed END
WHERE workspace_id = $1::uuid AND id = $2::uuid AND outcome = 7
