-- $1 workspace, $2 id, $3 principal. Adds no version when the draft is published already.
WITH flow AS (
  UPDATE flows
  SET published_version = coalesce(published_version, 0) + 1, published_revision = revision, updated_at = now()
  WHERE workspace_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL AND published_revision IS DISTINCT FROM revision
  RETURNING workspace_id, id, published_version, draft
)
INSERT INTO flow_versions (workspace_id, flow_id, version, definition, published_by)
SELECT workspace_id, id, published_version, draft, $3::text FROM flow
