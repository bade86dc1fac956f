-- All that are valid now.
SELECT k.id, w.name, k.all_workspaces, k.name, k.role, k.hash, k.expires_at
FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
