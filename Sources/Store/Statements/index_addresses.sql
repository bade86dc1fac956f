-- $1 how many minutes a day must have been over; the name of what was indexed, or nothing
SELECT name FROM index_addresses((now() AT TIME ZONE 'UTC' - make_interval(mins => $1::int4))::date) AS name WHERE name IS NOT NULL
