-- $1 workspace, $2 ids, $3 ciphertexts as they were read, $4 the new ones. What was changed since stays.
UPDATE requests r SET sealed = n.sealed
FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS n (id, read, sealed)
WHERE r.workspace_id = $1::uuid AND r.id = n.id AND r.sealed = n.read
