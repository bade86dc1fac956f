SELECT
  (SELECT count(*) FROM workspaces), (SELECT count(*) FROM flows WHERE deleted_at IS NULL),
  (SELECT count(*) FROM triggers WHERE deleted_at IS NULL), (SELECT count(*) FROM requests), (SELECT count(*) FROM runs)
