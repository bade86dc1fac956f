-- $1 workspace, $2 trigger. Those that have not ended, newest first.
SELECT trigger_id, id, purpose, ciphertext, created_at, expires_at
FROM trigger_secrets
WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND (expires_at IS NULL OR expires_at > now())
ORDER BY created_at DESC, id
