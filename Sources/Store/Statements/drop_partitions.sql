-- $1 days
SELECT drop_partitions((now() AT TIME ZONE 'UTC')::date - $1::int4)
