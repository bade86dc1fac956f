-- $1 workspace, $2 id, $3 by whom, $4 why
UPDATE certificates SET revoked_at = now(), revoked_by = $3::text, reason = $4::text
WHERE workspace_id = $1::uuid AND id = $2::uuid AND revoked_at IS NULL
