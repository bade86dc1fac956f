-- $1 workspace, $2 id, $3 the state it ends in
UPDATE listen_sessions SET state = $3::int2, ended_at = clock_timestamp()
WHERE workspace_id = $1::uuid AND id = $2::uuid AND state IN (1, 2)
