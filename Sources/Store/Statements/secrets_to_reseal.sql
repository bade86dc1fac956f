-- $1 workspace, $2 version of the data key that is wanted, $3 trigger and $4 id that the page begins after, $5 rows at most
SELECT trigger_id, id, purpose, ciphertext
FROM trigger_secrets
WHERE workspace_id = $1::uuid AND (trigger_id, id) > ($3::uuid, $4::uuid)
  AND data_key_version(ciphertext) IS DISTINCT FROM $2::int8
ORDER BY trigger_id, id LIMIT $5::int4
