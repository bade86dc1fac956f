-- $1 workspace; NULL: all. How many secrets each data key has sealed, and in how many requests something is.
SELECT workspace_id, coalesce(version, 0), count(*) FILTER (WHERE NOT is_request), count(*) FILTER (WHERE is_request)
FROM (
  SELECT workspace_id, data_key_version(ciphertext) AS version, false AS is_request FROM trigger_secrets
  WHERE $1::uuid IS NULL OR workspace_id = $1
  UNION ALL
  SELECT workspace_id, data_key_version(ciphertext), false FROM workspace_variables
  WHERE ciphertext IS NOT NULL AND ($1::uuid IS NULL OR workspace_id = $1)
  UNION ALL
  SELECT workspace_id, coalesce(data_key_version(sealed), 0), true FROM requests
  WHERE sealed IS NOT NULL AND ($1::uuid IS NULL OR workspace_id = $1)
) sealed
GROUP BY workspace_id, version
