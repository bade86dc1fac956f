-- $1 workspace; NULL: all
SELECT workspace_id, name, value, ciphertext, updated_at
FROM workspace_variables WHERE $1::uuid IS NULL OR workspace_id = $1
ORDER BY workspace_id, name
