-- $1 workspace, $2 trigger, $3 overlap in microseconds, $4 purpose. Those that end sooner anyway stay as they are.
UPDATE trigger_secrets SET expires_at = now() + $3::int8 * interval '1 microsecond'
WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND purpose = $4::int2
  AND (expires_at IS NULL OR expires_at > now() + $3::int8 * interval '1 microsecond')
