-- $1 a day to be done at most so many days ago; the name of what was indexed, or nothing
SELECT name FROM index_bodies((now() AT TIME ZONE 'UTC')::date - $1::int4) AS name WHERE name IS NOT NULL
