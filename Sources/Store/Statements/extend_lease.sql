-- $1 workspace, $2 id, $3 epoch, $4 length of the lease in microseconds
UPDATE runs SET available_at = now() + $4::int8 * interval '1 microsecond'
WHERE workspace_id = $1::uuid AND id = $2::uuid AND lease_epoch = $3::int8 AND state = 2
RETURNING available_at
