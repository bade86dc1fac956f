-- What the present role lacks of what serving takes: a right and the table or function.
SELECT wanted.privilege, c.relname::text
FROM pg_class c,
  LATERAL unnest(CASE c.relname WHEN 'audit_log' THEN ARRAY['SELECT', 'INSERT'] WHEN 'schema_migrations' THEN ARRAY['SELECT']
    ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END) AS wanted (privilege)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT has_table_privilege(c.oid, wanted.privilege)
UNION ALL
SELECT 'EXECUTE', p.proname::text
FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.proname <> 'grant_serving' AND NOT has_function_privilege(p.oid, 'EXECUTE')
ORDER BY 2, 1
