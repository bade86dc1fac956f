-- $1 workspace, $2 id
SELECT flow_id FROM triggers WHERE workspace_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL FOR UPDATE
