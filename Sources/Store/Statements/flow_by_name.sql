-- $1 workspace, $2 name
SELECT workspace_id, id, name, revision, draft, published_version, published_revision, created_at, updated_at
FROM flows WHERE workspace_id = $1::uuid AND name = $2::text AND deleted_at IS NULL
