-- $1 workspace, $2 flow, $3 rows at most. Without definitions.
SELECT flow_id, version, 'null'::json, published_at, published_by
FROM flow_versions WHERE workspace_id = $1::uuid AND flow_id = $2::uuid
ORDER BY version DESC LIMIT $3::int4
