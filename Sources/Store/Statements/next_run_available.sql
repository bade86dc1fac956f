-- $1 workspace. Microseconds until the next run could be leased; NULL: there is none. Runs that others stand before do not count.
SELECT CASE WHEN count(*) > 0 THEN greatest(0, extract(epoch FROM min(available_at) - now()) * 1000000)::int8 END
FROM runs WHERE workspace_id = $1::uuid AND state IN (1, 2) AND available_at < 'infinity'
