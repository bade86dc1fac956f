-- $1 workspace, $2 id, $3 name, $4 draft, $5 revision that the change was made from
UPDATE flows SET name = $3::text, draft = $4::json, revision = revision + 1, updated_at = now()
WHERE workspace_id = $1::uuid AND id = $2::uuid AND revision = $5::int8 AND deleted_at IS NULL
