-- $1 workspace, $2 id; also of a trigger that has been deleted
SELECT f.name, t.node
FROM triggers t JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
WHERE t.workspace_id = $1::uuid AND t.id = $2::uuid
