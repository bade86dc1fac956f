-- $1 workspace; NULL: all workspaces
SELECT workspace_id, version, master_key_version, wrapped, created_at
FROM data_keys
WHERE ($1::uuid IS NULL OR workspace_id = $1)
ORDER BY workspace_id, version
