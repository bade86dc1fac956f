-- $1 workspace, $2 id, $3 principal, $4 peer, $5 action, $6 object, $7 details, $8 concerns no workspace alone
INSERT INTO audit_log (workspace_id, id, principal, peer, action, object, details, of_all)
VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::json, $8::bool)
