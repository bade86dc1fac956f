-- Counts by bucket and class of the time from a run's record to its first lease, as in request_statistics. $20: whether the
-- filter restricts more than time and trigger.
SELECT date_bin(make_interval(secs => $18::int4), u.created_at, $19::timestamptz) AS bucket,
  (ln(greatest(extract(epoch FROM u.first_leased_at - u.created_at)::float8 * 1000000, 1)) * 32)::int4 AS class, count(*)
FROM runs u
WHERE u.workspace_id = $1::uuid AND u.id < $3::uuid AND u.id >= $4::uuid AND $2::int4 > 0 AND u.first_leased_at IS NOT NULL
  AND ($5::timestamptz IS NULL OR u.created_at >= $5)
  AND ($6::timestamptz IS NULL OR u.created_at < $6)
  AND ($15::uuid[] IS NULL OR u.trigger_id = ANY ($15))
  AND (NOT $20::bool OR EXISTS (
    SELECT FROM requests r WHERE r.workspace_id = u.workspace_id AND r.id = u.request_id AND /*filter*/
  ))
GROUP BY 1, 2
