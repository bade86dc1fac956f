-- $1 workspace; NULL: all
SELECT
  count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2),
  (SELECT count(*) FROM runs WHERE state = 4 AND ($1::uuid IS NULL OR workspace_id = $1)),
  min(available_at) FILTER (WHERE state = 1 AND available_at <= now())
FROM runs WHERE state IN (1, 2) AND ($1::uuid IS NULL OR workspace_id = $1)
