-- One process at a time; until the session ends or unlocks.
SELECT pg_try_advisory_lock(hashtext('headgate.retention'))
