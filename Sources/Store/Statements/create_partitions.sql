-- $1 days before today (UTC) and $2 days after it, both included
SELECT create_partitions((now() AT TIME ZONE 'UTC')::date - $1::int4, (now() AT TIME ZONE 'UTC')::date + $2::int4)
