-- $1 workspace, $2 id that the page ends before, $3 rows at most
SELECT id, at, workspace_id, principal, peer, action, object, details
FROM audit_log WHERE workspace_id = $1::uuid AND id < $2::uuid
ORDER BY id DESC LIMIT $3::int4
