-- $1 workspace that the keys are confined to; NULL: all there are. $2 id or NULL, $3 rows at most. Newest first.
SELECT k.id, w.name, k.all_workspaces, k.name, k.role, k.prefix, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at
FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id
WHERE ($1::uuid IS NULL OR k.workspace_id = $1 AND NOT k.all_workspaces) AND ($2::uuid IS NULL OR k.id = $2)
ORDER BY k.created_at DESC, k.id DESC LIMIT $3::int4
