-- $1 name
SELECT id, name, created_at, default_region FROM workspaces WHERE name = $1::text
