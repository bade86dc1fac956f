-- $1 workspace, $2 id that the page ends before, $3 channel or NULL, $4 customer or NULL, $5 channels and $6 contacts, in pairs, of
-- which one is to be had, or NULL, $7 rows at most
SELECT c.id, c.channel, c.contact, c.original, c.customer_id, c.created_at
FROM chats c
WHERE c.workspace_id = $1::uuid AND c.id < $2::uuid
  AND ($3::text IS NULL OR c.channel = $3)
  AND ($4::uuid IS NULL OR c.customer_id = $4)
  AND ($5::text[] IS NULL OR (c.channel, c.contact) IN (SELECT * FROM unnest($5::text[], $6::text[])))
ORDER BY c.id DESC LIMIT $7::int4
