SELECT pg_advisory_unlock(hashtext('headgate.retention'))
