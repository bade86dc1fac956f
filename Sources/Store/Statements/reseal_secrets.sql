-- $1 workspace, $2 triggers, $3 ids, $4 ciphertexts as they were read, $5 the new ones. What was changed since stays.
UPDATE trigger_secrets s SET ciphertext = n.sealed
FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[]) AS n (trigger_id, id, read, sealed)
WHERE s.workspace_id = $1::uuid AND s.trigger_id = n.trigger_id AND s.id = n.id AND s.ciphertext = n.read
