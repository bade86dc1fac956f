-- $1 days that bodies are kept, $2 how often it tries to lock the table; the name of the partition emptied, or nothing
SELECT name FROM expire_bodies((now() AT TIME ZONE 'UTC')::date - $1::int4, $2::int4) AS name WHERE name IS NOT NULL
