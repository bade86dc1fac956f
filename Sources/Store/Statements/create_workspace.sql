-- $1 id, $2 name
INSERT INTO workspaces (id, name) VALUES ($1::uuid, $2::text)
ON CONFLICT (name) DO NOTHING
RETURNING id, name, created_at, default_region
