-- $1 workspace, $2 id
UPDATE api_keys SET revoked_at = now() WHERE workspace_id = $1::uuid AND id = $2::uuid AND revoked_at IS NULL
