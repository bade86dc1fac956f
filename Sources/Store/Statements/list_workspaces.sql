SELECT id, name, created_at, default_region FROM workspaces ORDER BY name
