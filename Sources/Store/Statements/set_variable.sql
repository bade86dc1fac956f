-- $1 workspace, $2 name, $3 value or NULL, $4 ciphertext or NULL, $5 how many a workspace may have. Nothing when it has them.
INSERT INTO workspace_variables (workspace_id, name, value, ciphertext)
SELECT $1::uuid, $2::text, $3::text, $4::bytea
WHERE (SELECT count(*) FROM workspace_variables WHERE workspace_id = $1::uuid AND name <> $2::text) < $5::int4
ON CONFLICT (workspace_id, name) DO UPDATE
SET value = excluded.value, ciphertext = excluded.ciphertext, updated_at = clock_timestamp()
RETURNING workspace_id, name, value, ciphertext, updated_at
