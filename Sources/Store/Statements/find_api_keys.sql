-- $1 workspace, $2 also those that are not confined to it, $3 id or NULL, $4 name
SELECT k.id, w.name, k.all_workspaces, k.name, k.role, k.prefix, k.created_at, k.created_by, k.expires_at, k.revoked_at, k.last_used_at
FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id
WHERE k.workspace_id = $1::uuid AND ($2::bool OR NOT k.all_workspaces)
  AND (k.id = $3::uuid OR k.name = $4::text AND k.revoked_at IS NULL)
