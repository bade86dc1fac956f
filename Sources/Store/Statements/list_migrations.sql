-- Through JSON, because a database that has not been migrated for long lacks the column.
SELECT version, checksum, (to_jsonb(m) ->> 'compatible_from')::int4 FROM schema_migrations m ORDER BY version
