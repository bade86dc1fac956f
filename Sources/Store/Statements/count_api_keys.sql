-- $1 workspace. Those that are neither revoked nor have ended.
SELECT count(*) FROM api_keys
WHERE workspace_id = $1::uuid AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
