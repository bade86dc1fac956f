-- $1 workspace, $2 names, $3 ciphertexts as they were read, $4 the new ones. What was changed since stays.
UPDATE workspace_variables v SET ciphertext = n.sealed
FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS n (name, read, sealed)
WHERE v.workspace_id = $1::uuid AND v.name = n.name AND v.ciphertext = n.read
