-- $1 workspace, $2 name
DELETE FROM workspace_variables WHERE workspace_id = $1::uuid AND name = $2::text
