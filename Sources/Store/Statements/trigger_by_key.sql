-- $1 workspace, $2 key
SELECT t.workspace_id, t.id, t.flow_id, f.name, t.node, t.key, t.enabled, t.created_at, t.updated_at
FROM triggers t JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
WHERE t.workspace_id = $1::uuid AND t.key = $2::text AND t.deleted_at IS NULL
