-- $1 workspace, $2 trigger, $3 id, $4 ciphertext, $5 when it ends or NULL, $6 purpose
INSERT INTO trigger_secrets (workspace_id, trigger_id, id, ciphertext, expires_at, purpose)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4::bytea, $5::timestamptz, $6::int2)
RETURNING created_at
