-- $1 workspace, $2 id, $3 not confined to it, $4 name, $5 role, $6 hash, $7 prefix, $8 by whom,
-- $9 microseconds until it ends or NULL
INSERT INTO api_keys (workspace_id, id, all_workspaces, name, role, hash, prefix, created_by, expires_at)
VALUES ($1::uuid, $2::uuid, $3::bool, $4::text, $5::int2, $6::bytea, $7::text, $8::text,
  now() + $9::int8 * interval '1 microsecond')
ON CONFLICT (workspace_id, all_workspaces, name) WHERE revoked_at IS NULL DO NOTHING
