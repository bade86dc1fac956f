-- $1 workspaces, $2 kinds, $3 values, of one length. Those that somebody has: the place in the lists from 1, and whose they are.
SELECT w.place, u.id, u.name, u.email, u.phone, u.document, u.created_at, u.updated_at
FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS w (workspace_id, kind, value, place)
JOIN customer_contacts c USING (workspace_id, kind, value)
JOIN customers u ON u.workspace_id = c.workspace_id AND u.id = c.customer_id
