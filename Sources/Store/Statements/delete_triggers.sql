-- $1 workspace, $2 flow, $3 ids; NULL: all of the flow. They become tombstones.
UPDATE triggers SET deleted_at = now(), updated_at = now(), enabled = false
WHERE workspace_id = $1::uuid AND flow_id = $2::uuid AND ($3::uuid[] IS NULL OR id = ANY ($3)) AND deleted_at IS NULL
