-- $1 workspace, $2 name that the page starts after, $3 rows at most. Without drafts.
SELECT workspace_id, id, name, revision, 'null'::json, published_version, published_revision, created_at, updated_at
FROM flows WHERE workspace_id = $1::uuid AND name > $2::text AND deleted_at IS NULL
ORDER BY name LIMIT $3::int4
