-- $1 the day, in days since 1970-01-01
SELECT create_partitions(date '1970-01-01' + $1::int4, date '1970-01-01' + $1::int4)
