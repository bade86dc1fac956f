-- $1 workspace; NULL: all. How many secrets each data key has sealed; what is in requests is not counted.
SELECT workspace_id, coalesce(version, 0), count(*)
FROM (
  SELECT workspace_id, data_key_version(ciphertext) AS version FROM trigger_secrets
  WHERE $1::uuid IS NULL OR workspace_id = $1
  UNION ALL
  SELECT workspace_id, data_key_version(ciphertext) FROM workspace_variables
  WHERE ciphertext IS NOT NULL AND ($1::uuid IS NULL OR workspace_id = $1)
) sealed
GROUP BY workspace_id, version
