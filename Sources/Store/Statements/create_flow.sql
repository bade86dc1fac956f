-- $1 workspace, $2 id, $3 name, $4 draft
INSERT INTO flows (workspace_id, id, name, revision, draft) VALUES ($1::uuid, $2::uuid, $3::text, 1, $4::json)
