-- Finding requests by what they hold without an index entry for each request and thing: keeping the eight indexes of migration 4
-- cost a request as much as a sixth of all the rest that is done in the database for it.

DROP INDEX requests_outcome, requests_cause, requests_status, requests_event, requests_address, requests_delivery,
  requests_customer, requests_chat;

-- For every 16 pages, in which some hundred requests lie: between which ids they are, and a Bloom filter of each thing they are
-- looked for by. Pages are summarized some time after they were filled, many at once (summarize_terms); those that are not are
-- read by every search, so nothing is missing from any. 1.2 KB for 16 pages.
-- On days that are over it is made later and one by one (create_terms_index), as that reads all of their requests.
CREATE INDEX requests_terms ON ONLY requests USING brin (
  id uuid_minmax_ops,
  trigger_id uuid_bloom_ops (n_distinct_per_range = 128),
  outcome int2_bloom_ops (n_distinct_per_range = 16),
  cause int2_bloom_ops (n_distinct_per_range = 16),
  status int2_bloom_ops (n_distinct_per_range = 16),
  event bytea_bloom_ops (n_distinct_per_range = 128),
  client_address inet_bloom_ops (n_distinct_per_range = 128),
  delivery_id bytea_bloom_ops (n_distinct_per_range = 128),
  customer_id uuid_bloom_ops (n_distinct_per_range = 128),
  chat_id uuid_bloom_ops (n_distinct_per_range = 128)
) WITH (pages_per_range = 16);

-- When the addresses of a closed day's requests got an index of their own: blocks of addresses cannot be found by Bloom filters.
ALTER TABLE request_days ADD COLUMN addresses_indexed_at timestamptz;

-- The part of requests_terms that belongs to a partition; NULL: it has none.
CREATE FUNCTION terms_index(partition text) RETURNS regclass
LANGUAGE sql STABLE STRICT AS $$
  SELECT x.indexrelid::regclass FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid
  WHERE x.indrelid = to_regclass(quote_ident(partition)) AND i.inhparent = 'requests_terms'::regclass
$$;

-- Makes the part of requests_terms of the newest partition up to this day that lacks it; returns the partition's name, NULL: none
-- lacks it. New partitions have theirs from the start.
CREATE FUNCTION create_terms_index(last_day date) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  partition text;
  made text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('headgate.partitions'));
  SELECT p.name INTO partition FROM request_partitions() p
  WHERE p.day <= last_day AND terms_index(p.name) IS NULL ORDER BY p.day DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  made := partition || '_terms';
  EXECUTE regexp_replace(
    pg_get_indexdef('requests_terms'::regclass), '^CREATE INDEX \S+ ON ONLY \S+ ', format('CREATE INDEX %I ON %I ', made, partition));
  EXECUTE format('ALTER INDEX requests_terms ATTACH PARTITION %I', made);
  RETURN partition;
END
$$;

-- The days that requests may still be added to.
DO $$
BEGIN
  WHILE EXISTS (
    SELECT FROM request_partitions() p
    WHERE p.day >= (now() AT TIME ZONE 'UTC')::date AND terms_index(p.name) IS NULL
  ) LOOP
    PERFORM create_terms_index('infinity');
  END LOOP;
END
$$;

-- Summarizes what was recorded since the last time; returns how many ranges of pages. At most one process at a time: the others
-- do nothing. Does not hold up recording.
CREATE FUNCTION summarize_terms() RETURNS int8
LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
  part regclass;
  summarized int8 := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('headgate.terms')) THEN RETURN 0; END IF;
  FOR part IN
    SELECT terms_index(p.name) FROM request_partitions() p
    WHERE p.day BETWEEN (now() AT TIME ZONE 'UTC')::date - 1 AND (now() AT TIME ZONE 'UTC')::date + 1
  LOOP
    CONTINUE WHEN part IS NULL;
    summarized := summarized + brin_summarize_new_values(part);
  END LOOP;
  RETURN summarized;
END
$$;

-- Makes the index of addresses of the newest day before this one that lacks it; returns the partition's name, NULL: none lacks it.
CREATE FUNCTION index_addresses(before_day date) RETURNS text
LANGUAGE plpgsql SET maintenance_work_mem = '256MB' SET lock_timeout = '500ms' AS $$
DECLARE
  partition text;
  found_day date;
BEGIN
  SELECT p.name, p.day INTO partition, found_day FROM request_partitions() p LEFT JOIN request_days d USING (day)
  WHERE p.day < before_day AND d.addresses_indexed_at IS NULL ORDER BY p.day DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  EXECUTE format('CREATE INDEX ON %I (workspace_id, client_address, id) WHERE client_address IS NOT NULL', partition);
  IF terms_index(partition) IS NOT NULL THEN
    PERFORM brin_summarize_new_values(terms_index(partition));
  END IF;
  EXECUTE format('ANALYZE %I', partition);
  INSERT INTO request_days (day, addresses_indexed_at) VALUES (found_day, clock_timestamp())
  ON CONFLICT (day) DO UPDATE SET addresses_indexed_at = excluded.addresses_indexed_at;
  RETURN partition;
END
$$;

-- Takes the bodies, and what redaction took out, from the requests of the oldest day before this one that has them; returns the
-- partition's name, NULL: none has them. The rest is copied and takes the partition's place: that gives all of the room back
-- and leaves nothing to vacuum, where an UPDATE would need as much again. The copy holds up changes of that day's requests
-- only; the exchange locks the parent, for which it waits so briefly, and so many times, that requests being recorded meanwhile are
-- not held up. As in migration 4, and the copy's terms are summarized; the index of addresses is made anew by index_addresses.
CREATE OR REPLACE FUNCTION expire_bodies(before_day date, attempts int4) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  partition text;
  replacement text;
  found_day date;
  all_columns text;
  values text;
  part regclass;
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
  FOR part IN
    SELECT indexrelid::regclass FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE x.indrelid = to_regclass(quote_ident(replacement)) AND a.amname = 'brin'
  LOOP
    PERFORM brin_summarize_new_values(part);
  END LOOP;
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
  ON CONFLICT (day) DO UPDATE SET bodies_expired_at = excluded.bodies_expired_at, bodies_indexed_at = NULL, addresses_indexed_at = NULL;
  RETURN partition;
END
$$;

-- Partitions belong to the role that migrates; the one that serves changes them through these functions only.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
      AND proname IN ('create_terms_index', 'summarize_terms', 'index_addresses', 'expire_bodies')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', f, current_schema());
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END
$$;
