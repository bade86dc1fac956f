-- $1 workspaces, $2 ids, $3 names, $4 names as they are compared, $5 e-mail addresses, $6 phone numbers, $7 documents, $8 their
-- last changes as they were read, in microseconds; of one length. Changes none that somebody else has changed since, nor one
-- that is gone. Locks in order.
WITH locked AS MATERIALIZED (
  SELECT w.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[])
    AS w (workspace_id, id, name, name_key, email, phone, document, version)
  JOIN customers c ON c.workspace_id = w.workspace_id AND c.id = w.id
  WHERE (extract(epoch FROM c.updated_at) * 1000000)::int8 = w.version
  ORDER BY c.workspace_id, c.id
  FOR NO KEY UPDATE OF c
)
UPDATE customers c
SET name = l.name, name_key = l.name_key, email = l.email, phone = l.phone, document = l.document,
  updated_at = clock_timestamp()
FROM locked l
WHERE c.workspace_id = l.workspace_id AND c.id = l.id
