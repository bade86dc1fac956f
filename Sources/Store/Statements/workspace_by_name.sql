-- $1 name
SELECT id, name, created_at FROM workspaces WHERE name = $1::text
