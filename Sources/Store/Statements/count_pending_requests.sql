-- $1 workspace, $2 trigger
SELECT count(*) FROM requests WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND outcome = 7
