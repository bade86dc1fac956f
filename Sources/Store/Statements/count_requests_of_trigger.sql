-- $1 workspace, $2 trigger, $3 least and $4 greatest id, $5 how far to count
SELECT count(*) FROM (
  SELECT FROM requests
  WHERE workspace_id = $1::uuid AND trigger_id = $2::uuid AND id BETWEEN $3::uuid AND $4::uuid
  LIMIT $5::int4
) r
