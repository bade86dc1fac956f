ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS compatible_from int4
