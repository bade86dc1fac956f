-- First id, and the first of the day after, of the days whose bodies have search indexes, newest first; only days that have ids
-- from $1 to $2
SELECT first_id_of_day(day), first_id_of_day(day + 1) FROM request_days
WHERE bodies_indexed_at IS NOT NULL AND day BETWEEN day_of_id($1::uuid) AND day_of_id($2::uuid) ORDER BY day DESC
