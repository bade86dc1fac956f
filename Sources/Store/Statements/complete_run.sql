-- $1 workspace, $2 id, $3 epoch
UPDATE runs SET state = 3, finished_at = now()
WHERE workspace_id = $1::uuid AND id = $2::uuid AND lease_epoch = $3::int8 AND state = 2
