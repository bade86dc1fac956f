-- $1 id, $2 default region
UPDATE workspaces SET default_region = $2::text WHERE id = $1::uuid
RETURNING id, name, created_at, default_region
