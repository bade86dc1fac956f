-- $1 workspaces, $2 chats, $3 customers, of one length. Links those that have no customer. Locks in order.
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (workspace_id, id, customer_id)
), locked AS (
  SELECT c.workspace_id, c.id FROM chats c
  JOIN wanted w ON w.workspace_id = c.workspace_id AND w.id = c.id
  WHERE c.customer_id IS NULL
  ORDER BY c.workspace_id, c.id
  FOR NO KEY UPDATE OF c
)
UPDATE chats c SET customer_id = w.customer_id
FROM wanted w JOIN locked l USING (workspace_id, id)
WHERE c.workspace_id = w.workspace_id AND c.id = w.id
