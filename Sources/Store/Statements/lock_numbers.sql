-- $1 numbers, sorted. Until the transaction ends nobody else has them.
SELECT count(pg_advisory_xact_lock(number)) FROM unnest($1::int8[]) AS numbers (number)
