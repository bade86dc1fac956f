-- $1 workspace, $2 id
UPDATE flows SET deleted_at = now(), updated_at = now()
WHERE workspace_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL
