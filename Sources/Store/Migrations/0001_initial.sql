-- Every table's key begins with the workspace, and nothing joins across workspaces.

CREATE TABLE workspaces (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Data keys, each wrapped by a version of the master key, which is not in the database.
CREATE TABLE data_keys (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  version int4 NOT NULL,
  master_key_version int4 NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, version)
);

-- The definitions are `json`, not `jsonb`: they are kept byte for byte, numbers included.
CREATE TABLE flows (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  id uuid NOT NULL,
  name text NOT NULL,
  revision int8 NOT NULL,
  draft json NOT NULL,
  published_version int4,
  published_revision int8,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX flows_live_name ON flows (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE flow_versions (
  workspace_id uuid NOT NULL,
  flow_id uuid NOT NULL,
  version int4 NOT NULL,
  definition json NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  published_by text NOT NULL,
  PRIMARY KEY (workspace_id, flow_id, version),
  FOREIGN KEY (workspace_id, flow_id) REFERENCES flows
);

-- A deleted trigger stays as a tombstone, so that its key is never given out again.
CREATE TABLE triggers (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  flow_id uuid NOT NULL,
  node text NOT NULL,
  key text NOT NULL CONSTRAINT triggers_key UNIQUE,
  enabled bool NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, flow_id) REFERENCES flows
);
CREATE UNIQUE INDEX triggers_live_node ON triggers (workspace_id, flow_id, node) WHERE deleted_at IS NULL;

CREATE TABLE trigger_secrets (
  workspace_id uuid NOT NULL,
  trigger_id uuid NOT NULL,
  id uuid NOT NULL,
  ciphertext bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz,
  PRIMARY KEY (workspace_id, trigger_id, id),
  FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers
);
CREATE INDEX trigger_secrets_expiry ON trigger_secrets (expires_at) WHERE expires_at IS NOT NULL;

-- One row per request to a known trigger, accepted or not. The id is a UUID version 7, so a range of ids is a range of time:
-- the primary key holds over all partitions, and retention is dropping a table.
-- What came from outside is bytea, because it need not be UTF-8. outcome and cause are the numbers of proto/headgate/v1.
CREATE TABLE requests (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  trigger_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  processing_us int4 NOT NULL,
  flow_version int4 NOT NULL,
  body_length int4 NOT NULL,
  outcome int2 NOT NULL,
  cause int2 NOT NULL,
  status int2 NOT NULL,
  client_address inet,
  method bytea NOT NULL,
  path bytea NOT NULL,
  query bytea NOT NULL,
  origin bytea NOT NULL,
  event bytea NOT NULL,
  output text NOT NULL,
  headers bytea NOT NULL,
  body bytea,
  explanation bytea NOT NULL,
  PRIMARY KEY (workspace_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX requests_trigger ON requests (workspace_id, trigger_id, id);

-- One row per accepted request and subscribed node. The first 48 bits of the id are the request's, the rest is derived from
-- request and trigger: the primary key is the uniqueness of "one run per request and node", and the runs of a request are
-- found by a range of ids.
-- state: 1 ready, 2 leased, 3 completed, 4 dead. available_at: when the run may be leased (again); while it is leased, when
-- the lease ends. So one index finds what is ready and what was abandoned. All times are this server's.
CREATE TABLE runs (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  request_id uuid NOT NULL,
  flow_id uuid NOT NULL,
  trigger_id uuid NOT NULL,
  available_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  lease_epoch int8 NOT NULL DEFAULT 0,
  flow_version int4 NOT NULL,
  state int2 NOT NULL DEFAULT 1,
  attempt int2 NOT NULL DEFAULT 0,
  max_attempts int2 NOT NULL,
  node text NOT NULL,
  output text NOT NULL,
  entry_node text NOT NULL,
  event bytea NOT NULL,
  variables json NOT NULL,
  worker text,
  last_error text,
  PRIMARY KEY (workspace_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX runs_waiting ON runs (workspace_id, available_at) WHERE state IN (1, 2);
CREATE INDEX runs_dead ON runs (workspace_id, id) WHERE state = 4;

-- Where this build of PostgreSQL has lz4, rows above 2 KB are compressed several times faster than by its default.
DO $$
BEGIN
  ALTER TABLE requests ALTER COLUMN body SET COMPRESSION lz4;
  ALTER TABLE requests ALTER COLUMN headers SET COMPRESSION lz4;
  ALTER TABLE requests ALTER COLUMN explanation SET COMPRESSION lz4;
  ALTER TABLE runs ALTER COLUMN variables SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;
END
$$;

-- The first id of a UTC day.
CREATE FUNCTION first_id_of_day(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT (lpad(to_hex((day - date '1970-01-01')::int8 * 86400000), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes the missing partitions of these UTC days, both included; returns how many. A table is made beside its parent and
-- attached, because that does not lock writers of the parent out, as CREATE TABLE ... PARTITION OF does.
CREATE FUNCTION create_partitions(first_day date, last_day date) RETURNS int4
LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  day date;
  partition text;
  made int4 := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('headgate.partitions'));
  FOR day IN SELECT generate_series(first_day, last_day, interval '1 day')::date LOOP
    FOREACH parent IN ARRAY ARRAY['requests', 'runs'] LOOP
      partition := parent || '_' || to_char(day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(partition) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, parent);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, partition, first_id_of_day(day), first_id_of_day(day + 1));
      made := made + 1;
    END LOOP;
  END LOOP;
  -- A run is updated two or three times: its dead versions are to go soon, so that leasing does not wade through them.
  FOR partition IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'runs'::regclass AND c.reloptions IS NULL
  LOOP
    EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1)', partition);
  END LOOP;
  RETURN made;
END
$$;

-- Drops the partitions of the days before this one; those of runs only where every run is completed or dead. Returns names.
-- Dropping waits for those who read the parent, and writers wait behind it: so it gives up soon and is tried again later.
CREATE FUNCTION drop_partitions(before_day date) RETURNS SETOF text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  parent text;
  partition text;
  unfinished bool;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('headgate.partitions'));
  FOREACH parent IN ARRAY ARRAY['runs', 'requests'] LOOP
    FOR partition IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = parent::regclass AND c.relname < parent || '_' || to_char(before_day, 'YYYYMMDD')
      ORDER BY c.relname
    LOOP
      IF parent = 'runs' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE state IN (1, 2))', partition) INTO unfinished;
        CONTINUE WHEN unfinished;
      END IF;
      EXECUTE format('DROP TABLE %I', partition);
      RETURN NEXT partition;
    END LOOP;
  END LOOP;
END
$$;

-- Administrative acts. Rows are only ever added.
CREATE TABLE audit_log (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  principal text NOT NULL,
  peer text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  details json NOT NULL,
  PRIMARY KEY (workspace_id, id)
);

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is refused: rows are only ever added', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
