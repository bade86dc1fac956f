-- $1 version, $2 name, $3 text
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1::int4, $2::text, sha256($3::bytea))
