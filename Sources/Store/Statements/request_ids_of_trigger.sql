-- $1 workspace, $2 trigger, $3 least id, $4 only those after this id, $5 rows at most. In the order of ids.
SELECT id FROM requests
WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND id >= $3::uuid AND id > $4::uuid
ORDER BY id LIMIT $5::int4
