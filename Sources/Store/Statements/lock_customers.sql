-- $1 workspaces, $2 ids, of one length. In order, so that those who lock several do not wait for each other in a circle.
SELECT c.id FROM customers c
JOIN unnest($1::uuid[], $2::uuid[]) AS w (workspace_id, id) USING (workspace_id, id)
ORDER BY c.workspace_id, c.id
FOR NO KEY UPDATE OF c
