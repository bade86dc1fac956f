-- compatible_from: the oldest program (by the number of its last migration) that works with a database that has this one;
-- NULL: only programs that know it.
CREATE TABLE IF NOT EXISTS schema_migrations (
  version int4 PRIMARY KEY,
  name text NOT NULL,
  checksum bytea NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  compatible_from int4
)
