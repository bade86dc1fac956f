-- The newest matches in a range of ids, by whatever index serves: planned with these very values, and MATERIALIZED so that the
-- limit does not make the planner hope for an early end. $18 and $19: first and last address of the block, or NULL.
WITH matches AS MATERIALIZED (
  SELECT r.id FROM requests r
  WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid
    AND ($18::inet IS NULL OR r.client_address >= $18)
    AND ($19::inet IS NULL OR r.client_address <= $19)
    AND /*terms*/
    AND /*filter*/
)
SELECT id FROM matches ORDER BY id DESC LIMIT $2::int4
