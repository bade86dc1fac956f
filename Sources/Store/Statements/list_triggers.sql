-- $1 workspace, $2 name of the flow and $3 node that the page starts after, $4 rows at most
SELECT t.workspace_id, t.id, t.flow_id, f.name, t.node, t.key, t.enabled, t.created_at, t.updated_at
FROM triggers t JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
WHERE t.workspace_id = $1::uuid AND t.deleted_at IS NULL AND (f.name, t.node) > ($2::text, $3::text)
ORDER BY f.name, t.node LIMIT $4::int4
