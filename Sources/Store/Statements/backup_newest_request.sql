-- The newest of each workspace by its primary key, which sorts by time.
SELECT max(newest.received_at)
FROM workspaces w, LATERAL (SELECT r.received_at FROM requests r WHERE r.workspace_id = w.id ORDER BY r.id DESC LIMIT 1) newest
