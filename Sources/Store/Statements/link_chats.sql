-- $1 workspaces, $2 chats, $3 customers, of one length. Links those that have no customer. Locks in order.
WITH locked AS MATERIALIZED (
  SELECT w.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (workspace_id, id, customer_id)
  JOIN chats c ON c.workspace_id = w.workspace_id AND c.id = w.id
  WHERE c.customer_id IS NULL
  ORDER BY c.workspace_id, c.id
  FOR NO KEY UPDATE OF c
)
UPDATE chats c SET customer_id = l.customer_id
FROM locked l
WHERE c.workspace_id = l.workspace_id AND c.id = l.id
