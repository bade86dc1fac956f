-- $1 workspace, $2 flow; both NULL: everything
SELECT f.workspace_id, f.id, f.name, v.version, v.definition
FROM flows f
JOIN flow_versions v ON v.workspace_id = f.workspace_id AND v.flow_id = f.id AND v.version = f.published_version
WHERE f.deleted_at IS NULL AND ($1::uuid IS NULL OR f.workspace_id = $1) AND ($2::uuid IS NULL OR f.id = $2)
ORDER BY f.workspace_id, f.id
