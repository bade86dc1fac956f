-- Searching the log, and what is kept how long.

-- One index for each thing that requests are looked for by alone; each ends in the id, so that a page comes newest first without
-- a sort. Requests that were simply accepted, and have neither event, delivery id, customer nor chat, are in the address's only.
CREATE INDEX requests_outcome ON requests (workspace_id, outcome, id) WHERE outcome <> 1;
CREATE INDEX requests_cause ON requests (workspace_id, cause, id) WHERE cause <> 0;
CREATE INDEX requests_status ON requests (workspace_id, status, id) WHERE status <> 200;
CREATE INDEX requests_event ON requests (workspace_id, event, id) WHERE event <> '';
CREATE INDEX requests_address ON requests (workspace_id, client_address, id) WHERE client_address IS NOT NULL;
CREATE INDEX requests_delivery ON requests (workspace_id, delivery_id, id) WHERE delivery_id IS NOT NULL;
CREATE INDEX requests_customer ON requests (workspace_id, customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX requests_chat ON requests (workspace_id, chat_id, id) WHERE chat_id IS NOT NULL;

-- When the run was leased for the first time; NULL: it never was.
ALTER TABLE runs ADD COLUMN first_leased_at timestamptz;

-- A body as text to search in: what is not printable ASCII is escaped byte by byte, so any body has one; A to Z are small.
CREATE FUNCTION body_text(body bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT lower(encode(body, 'escape') COLLATE "C") $$;

-- A body as JSON to search in; NULL: it is none.
CREATE FUNCTION body_json(body bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN convert_from(body, 'UTF8')::jsonb;
EXCEPTION WHEN others THEN
  RETURN NULL;
END
$$;

-- Trigrams find text within bodies. Where this server does not have the extension, bodies are read one after the other.
DO $$
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN others THEN
  RAISE NOTICE 'pg_trgm cannot be had: %', SQLERRM;
END
$$;

-- What became of a UTC day's requests.
CREATE TABLE request_days (
  day date PRIMARY KEY,
  bodies_indexed_at timestamptz,
  bodies_expired_at timestamptz
);

-- What each clean-up did, for people; an empty error: all went well.
CREATE TABLE retention_runs (
  began_at timestamptz NOT NULL,
  ended_at timestamptz PRIMARY KEY,
  result text NOT NULL,
  error text NOT NULL
);

CREATE FUNCTION day_of_id(id uuid) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT date '1970-01-01' + (('x' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(48)::int8 / 86400000)::int4
$$;

CREATE FUNCTION request_partitions() RETURNS TABLE (name text, day date)
LANGUAGE sql STABLE AS $$
  SELECT c.relname::text, to_date(right(c.relname, 8), 'YYYYMMDD')
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'requests'::regclass AND c.relname ~ '^requests_[0-9]{8}$'
$$;

-- Makes the search indexes of the newest day before this one that lacks them; returns the partition's name, NULL: none lacks
-- them. Requests of the present day have none: keeping such indexes costs more than all the rest of a request's record, while
-- making them afterwards, in one go, costs a fraction of it.
CREATE FUNCTION index_bodies(before_day date) RETURNS text
LANGUAGE plpgsql SET maintenance_work_mem = '256MB' SET lock_timeout = '500ms' AS $$
DECLARE
  partition text;
  found_day date;
BEGIN
  SELECT p.name, p.day INTO partition, found_day FROM request_partitions() p LEFT JOIN request_days d USING (day)
  WHERE p.day < before_day AND d.bodies_indexed_at IS NULL AND d.bodies_expired_at IS NULL ORDER BY p.day DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  EXECUTE format('CREATE INDEX ON %I USING gin (body_json(body) jsonb_path_ops)', partition);
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
    EXECUTE format('CREATE INDEX ON %I USING gin (body_text(body) gin_trgm_ops)', partition);
  END IF;
  EXECUTE format('ANALYZE %I', partition);
  INSERT INTO request_days (day, bodies_indexed_at) VALUES (found_day, clock_timestamp())
  ON CONFLICT (day) DO UPDATE SET bodies_indexed_at = excluded.bodies_indexed_at;
  RETURN partition;
END
$$;

-- Takes the bodies, and what redaction took out, from the requests of the oldest day before this one that has them; returns the
-- partition's name, NULL: none has them. The rest is copied and takes the partition's place: that gives all of the room back
-- and leaves nothing to vacuum, where an UPDATE would need as much again. The copy holds up changes of that day's requests
-- only; the exchange locks the parent, for which it waits so briefly, and so
-- many times, that requests being recorded meanwhile are not held up.
CREATE FUNCTION expire_bodies(before_day date, attempts int4) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  partition text;
  replacement text;
  found_day date;
  all_columns text;
  values text;
  is_locked bool := false;
BEGIN
  DELETE FROM request_days d WHERE NOT EXISTS (SELECT FROM request_partitions() p WHERE p.day = d.day);
  SELECT p.name, p.day INTO partition, found_day FROM request_partitions() p LEFT JOIN request_days d USING (day)
  WHERE p.day < before_day AND d.bodies_expired_at IS NULL ORDER BY p.day LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('headgate.partitions'));
  replacement := partition || '_bare';
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
    string_agg(CASE WHEN attname IN ('body', 'sealed') THEN 'NULL' ELSE quote_ident(attname) END, ', ' ORDER BY attnum)
  INTO all_columns, values FROM pg_attribute WHERE attrelid = 'requests'::regclass AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', partition);
  EXECUTE format('CREATE TABLE %I (LIKE requests INCLUDING ALL)', replacement);
  -- With it, attaching needs not read the table again.
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT bounds CHECK (id >= %L AND id < %L)',
    replacement, first_id_of_day(found_day), first_id_of_day(found_day + 1));
  EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM %I ORDER BY id', replacement, all_columns, values, partition);
  EXECUTE format('ANALYZE %I', replacement);
  PERFORM set_config('lock_timeout', '100ms', true);
  FOR attempt IN 1..attempts LOOP
    BEGIN
      LOCK TABLE requests IN ACCESS EXCLUSIVE MODE;
      is_locked := true;
      EXIT;
    EXCEPTION WHEN lock_not_available THEN
      PERFORM pg_sleep(0.4);
    END;
  END LOOP;
  IF NOT is_locked THEN
    RAISE EXCEPTION 'the table was in use all the time' USING ERRCODE = 'lock_not_available';
  END IF;
  EXECUTE format('ALTER TABLE requests DETACH PARTITION %I', partition);
  EXECUTE format('DROP TABLE %I', partition);
  EXECUTE format('ALTER TABLE %I RENAME TO %I', replacement, partition);
  EXECUTE format('ALTER TABLE requests ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
    partition, first_id_of_day(found_day), first_id_of_day(found_day + 1));
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT bounds', partition);
  INSERT INTO request_days (day, bodies_expired_at) VALUES (found_day, clock_timestamp())
  ON CONFLICT (day) DO UPDATE SET bodies_expired_at = excluded.bodies_expired_at, bodies_indexed_at = NULL;
  RETURN partition;
END
$$;

-- The oldest day that has requests; NULL: none has.
CREATE FUNCTION oldest_request_day() RETURNS date
LANGUAGE plpgsql STABLE AS $$
DECLARE
  partition text;
  found_day date;
  has_rows bool;
BEGIN
  FOR partition, found_day IN SELECT p.name, p.day FROM request_partitions() p ORDER BY p.day LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', partition) INTO has_rows;
    IF has_rows THEN RETURN found_day; END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- Partitions belong to the role that migrates; the one that serves looks into them and changes them through these functions only.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname IN ('index_bodies', 'expire_bodies', 'oldest_request_day')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', f, current_schema());
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END
$$;
