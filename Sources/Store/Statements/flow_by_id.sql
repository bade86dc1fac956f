-- $1 workspace, $2 id
SELECT workspace_id, id, name, revision, draft, published_version, published_revision, created_at, updated_at
FROM flows WHERE workspace_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL
