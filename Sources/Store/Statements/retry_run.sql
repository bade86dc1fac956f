-- $1 workspace, $2 id. A dead run starts over; its epochs go on growing, so that whoever had it before stays refused.
UPDATE runs SET state = 1, attempt = 0, available_at = now(), finished_at = NULL
WHERE workspace_id = $1::uuid AND id = $2::uuid AND state = 4
