-- $1 workspace, $2 id, $3 enabled
UPDATE triggers SET enabled = $3::bool, updated_at = now()
WHERE workspace_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL
