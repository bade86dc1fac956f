-- $1 workspace, $2 id, $3 flow, $4 node, $5 key
INSERT INTO triggers (workspace_id, id, flow_id, node, key) VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text)
