-- $1 workspace, $2 version of the data key that is wanted, $3 name that the page begins after, $4 rows at most
SELECT name, ciphertext
FROM workspace_variables
WHERE workspace_id = $1::uuid AND name > $3::text AND ciphertext IS NOT NULL
  AND data_key_version(ciphertext) IS DISTINCT FROM $2::int8
ORDER BY name LIMIT $4::int4
