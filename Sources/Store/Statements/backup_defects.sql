-- What a restore may have left out, without reading rows: a kind of thing and its name. Empty: nothing.
SELECT 'index' AS kind, c.relname::text AS name
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisvalid
UNION ALL
-- One that a partition's table has no counterpart of.
SELECT 'index', p.relname || ' of ' || t.relname
FROM pg_class t
JOIN pg_inherits part ON part.inhparent = t.oid
JOIN pg_index i ON i.indrelid = t.oid
JOIN pg_class p ON p.oid = i.indexrelid
WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'p' AND NOT EXISTS (
  SELECT FROM pg_inherits attached JOIN pg_index own ON own.indexrelid = attached.inhrelid
  WHERE attached.inhparent = p.oid AND own.indrelid = part.inhrelid)
UNION ALL
SELECT 'constraint', conname || ' of ' || conrelid::regclass
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated
UNION ALL
SELECT 'primary key', c.relname
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
UNION ALL
SELECT 'trigger', 'audit_log_append_only'
WHERE NOT EXISTS (
  SELECT FROM pg_trigger WHERE tgrelid = to_regclass('audit_log') AND tgname = 'audit_log_append_only' AND tgenabled IN ('O', 'A'))
UNION ALL
SELECT 'function', wanted.name
FROM unnest(ARRAY['create_partitions', 'drop_partitions', 'index_bodies', 'expire_bodies', 'oldest_request_day', 'grant_serving'])
  AS wanted (name)
WHERE NOT EXISTS (
  SELECT FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname = wanted.name)
ORDER BY 1, 2
