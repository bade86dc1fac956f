-- $1 workspace, $2 name of the flow, $3 node
SELECT t.workspace_id, t.id, t.flow_id, f.name, t.node, t.key, t.enabled, t.created_at, t.updated_at
FROM triggers t JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
WHERE f.workspace_id = $1::uuid AND f.name = $2::text AND f.deleted_at IS NULL AND t.node = $3::text AND t.deleted_at IS NULL
