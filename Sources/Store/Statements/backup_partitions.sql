-- Day partitions of both tables, oldest first: whether requests and runs have one of the day.
SELECT day, bool_or(parent = 'requests'), bool_or(parent = 'runs')
FROM (
  SELECT p.relname AS parent, right(c.relname, 8) AS day
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
  WHERE p.oid IN ('requests'::regclass, 'runs'::regclass)
) partitions
GROUP BY day ORDER BY day
