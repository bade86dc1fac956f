-- $1 workspaces, $2 ids, $3 names, $4 names as they are compared, $5 e-mail addresses, $6 phone numbers, $7 documents, of one
-- length
INSERT INTO customers (workspace_id, id, name, name_key, email, phone, document)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
