-- The last clean-up, if there was one, and the first id of the oldest day that has requests.
SELECT r.ended_at, coalesce(r.result, ''), coalesce(r.error, ''), first_id_of_day(oldest_request_day())
FROM (SELECT) AS one LEFT JOIN (SELECT * FROM retention_runs ORDER BY ended_at DESC LIMIT 1) r ON true
