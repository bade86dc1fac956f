-- $1 workspaces, $2 names as they are compared, of one length, $3 rows at most for each. Who is called so, the oldest first: the
-- place in the lists from 1, and the customer.
SELECT w.place, u.id, u.name, u.email, u.phone, u.document, u.created_at, u.updated_at
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS w (workspace_id, name_key, place)
CROSS JOIN LATERAL (
  SELECT * FROM customers c
  WHERE c.workspace_id = w.workspace_id AND c.name_key = w.name_key AND c.name_key <> ''
  ORDER BY c.created_at, c.id LIMIT $3::int4
) u
