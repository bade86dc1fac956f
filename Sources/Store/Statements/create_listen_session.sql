-- $1 workspace, $2 id, $3 trigger, $4 mode, $5 how long in microseconds, $6 requests at most (0: any number), $7 principal,
-- $8 open sessions that a workspace may have. No row: it has them already.
INSERT INTO listen_sessions (workspace_id, id, trigger_id, mode, max_requests, principal, expires_at)
SELECT $1::uuid, $2::uuid, $3::uuid, $4::int2, $6::int4, $7::text, clock_timestamp() + $5::int8 * interval '1 microsecond'
WHERE (SELECT count(*) FROM listen_sessions WHERE workspace_id = $1::uuid AND state IN (1, 2)) < $8::int4
RETURNING id
