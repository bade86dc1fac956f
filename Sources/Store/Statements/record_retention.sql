-- $1 when it began, $2 result, $3 error
INSERT INTO retention_runs (began_at, ended_at, result, error) VALUES ($1::timestamptz, clock_timestamp(), $2::text, $3::text)
