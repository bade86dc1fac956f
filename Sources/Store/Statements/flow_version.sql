-- $1 workspace, $2 flow, $3 version
SELECT flow_id, version, definition, published_at, published_by
FROM flow_versions WHERE workspace_id = $1::uuid AND flow_id = $2::uuid AND version = $3::int4
