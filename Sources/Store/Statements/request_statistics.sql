-- Counts by bucket, outcome, cause and class of processing time (32 × its natural logarithm, so within 3 %). $18: seconds of a
-- bucket, $19: a bucket's start.
SELECT date_bin(make_interval(secs => $18::int4), r.received_at, $19::timestamptz) AS bucket, r.outcome, r.cause,
  (ln(greatest(r.processing_us, 1)) * 32)::int4 AS class, count(*), sum(r.body_length)
FROM requests r
WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid AND $2::int4 > 0 AND /*terms*/ AND /*filter*/
GROUP BY 1, 2, 3, 4
