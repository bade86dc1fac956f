-- $1 workspace, $2 id that the page ends before, $3 kinds and $4 values of contacts, in pairs, of which one is to be had, or NULL,
-- $5 part of the name as names are compared, or empty, $6 rows at most
SELECT u.id, u.name, u.email, u.phone, u.document, u.created_at, u.updated_at
FROM customers u
WHERE u.workspace_id = $1::uuid AND u.id < $2::uuid
  AND ($3::text[] IS NULL OR u.id = ANY (ARRAY(
    SELECT c.customer_id FROM unnest($3::text[], $4::text[]) AS w (kind, value)
    JOIN customer_contacts c ON c.workspace_id = $1 AND c.kind = w.kind AND c.value = w.value)))
  AND ($5::text = '' OR strpos(u.name_key, $5) > 0)
ORDER BY u.id DESC LIMIT $6::int4
