-- $1 workspace, $2 flow: every trigger that it has or had
SELECT id FROM triggers WHERE workspace_id = $1::uuid AND flow_id = $2::uuid
