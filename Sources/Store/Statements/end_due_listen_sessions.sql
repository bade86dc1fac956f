-- $1 for how long nobody may attend to an open session, in microseconds; NULL: that ends none. Returns the workspaces.
UPDATE listen_sessions
SET state = CASE WHEN expires_at <= clock_timestamp() THEN 3 ELSE 4 END, ended_at = clock_timestamp()
WHERE state IN (1, 2)
  AND (expires_at <= clock_timestamp() OR attended_at < clock_timestamp() - $1::int8 * interval '1 microsecond')
RETURNING workspace_id
