-- $1 numbers, sorted. Until the transaction ends nobody else has them: a name is no unique key, so that nothing else would keep
-- two batches from creating one customer each.
SELECT count(pg_advisory_xact_lock(number)) FROM unnest($1::int8[]) AS names (number)
