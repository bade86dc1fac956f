-- $1 workspace, $2 flow; both NULL: everything
SELECT t.workspace_id, t.flow_id, t.id, t.node, t.key, t.enabled
FROM triggers t
WHERE t.deleted_at IS NULL AND ($1::uuid IS NULL OR t.workspace_id = $1) AND ($2::uuid IS NULL OR t.flow_id = $2)
ORDER BY t.workspace_id, t.flow_id, t.node
