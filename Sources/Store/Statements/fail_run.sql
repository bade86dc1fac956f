-- $1 workspace, $2 id, $3 epoch, $4 error, $5 permanent, $6 first and $7 longest pause in microseconds.
-- The pause doubles with each attempt and is drawn from its upper half.
UPDATE runs
SET state = CASE WHEN $5::bool OR attempt >= max_attempts THEN 4 ELSE 1 END,
  available_at = now() + least($7::int8, $6::int8 * 2.0 ^ (attempt - 1)) * (0.5 + random() / 2) * interval '1 microsecond',
  finished_at = CASE WHEN $5::bool OR attempt >= max_attempts THEN now() END,
  last_error = $4::text
WHERE workspace_id = $1::uuid AND id = $2::uuid AND lease_epoch = $3::int8 AND state = 2
RETURNING state, available_at, trigger_id, order_key
