-- $1 workspace, $2 flow; both NULL: everything. Newest first within a trigger.
SELECT s.trigger_id, s.id, s.purpose, s.ciphertext, s.created_at, s.expires_at
FROM trigger_secrets s JOIN triggers t ON t.workspace_id = s.workspace_id AND t.id = s.trigger_id
WHERE t.deleted_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())
  AND ($1::uuid IS NULL OR t.workspace_id = $1) AND ($2::uuid IS NULL OR t.flow_id = $2)
ORDER BY s.workspace_id, s.trigger_id, s.created_at DESC, s.id
