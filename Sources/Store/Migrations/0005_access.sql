-- Who may call: API keys. And who may change what in the database: the role that serves needs less than the one that migrates.

-- hash: SHA-256 of the key's text. all_workspaces: the key is confined to no workspace; its row then belongs to the default one.
-- role: number of headgate.v1.Role.
CREATE TABLE api_keys (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  id uuid NOT NULL,
  all_workspaces bool NOT NULL,
  name text NOT NULL,
  role int2 NOT NULL,
  hash bytea NOT NULL,
  prefix text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (workspace_id, all_workspaces, name) WHERE revoked_at IS NULL;

CREATE INDEX audit_log_action ON audit_log (workspace_id, action text_pattern_ops, id);

-- Partitions belong to the role that migrates; the one that serves makes and drops them through these functions only.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname IN ('create_partitions', 'drop_partitions')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', f, current_schema());
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END
$$;

-- Gives a role what serving takes, and takes from it what serving does not: the audit log can be read and added to, never
-- changed; the schema can be seen, not altered. To be called by the owner after each migration.
CREATE FUNCTION grant_serving(grantee name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  relation name;
  f regprocedure;
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), grantee);
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', current_schema(), grantee);
  FOR relation IN
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  LOOP
    EXECUTE format('REVOKE ALL ON %I FROM %I', relation, grantee);
    EXECUTE format(
      'GRANT %s ON %I TO %I',
      CASE relation WHEN 'audit_log' THEN 'SELECT, INSERT' WHEN 'schema_migrations' THEN 'SELECT'
        ELSE 'SELECT, INSERT, UPDATE, DELETE' END,
      relation, grantee);
  END LOOP;
  FOR f IN
    SELECT oid FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname <> 'grant_serving'
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, grantee);
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION grant_serving(name) FROM PUBLIC;

-- The version of the data key that something was sealed with; NULL for bytes of another format.
CREATE FUNCTION data_key_version(sealed bytea) RETURNS int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN length(sealed) >= 33 AND get_byte(sealed, 0) = 1 THEN
    get_byte(sealed, 1)::int8 << 24 | get_byte(sealed, 2) << 16 | get_byte(sealed, 3) << 8 | get_byte(sealed, 4)
  END
$$;
