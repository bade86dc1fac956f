-- $1 version, $2 name, $3 text, $4 oldest program that works with it
INSERT INTO schema_migrations (version, name, checksum, compatible_from)
VALUES ($1::int4, $2::text, sha256($3::bytea), $4::int4)
