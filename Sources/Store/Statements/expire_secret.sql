-- $1 workspace, $2 trigger, $3 id, $4 overlap in microseconds. Never later than it would have ended.
UPDATE trigger_secrets SET expires_at = least(expires_at, now() + $4::int8 * interval '1 microsecond')
WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND id = $3::uuid
