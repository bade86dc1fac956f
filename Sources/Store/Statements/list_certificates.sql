-- $1 workspace that they are confined to or NULL, $2 id or NULL, $3 fingerprint or NULL, $4 serial number or NULL,
-- $5 issuer or NULL, $6 rows at most. Last used first.
SELECT workspace_id, id, fingerprint, issuer, serial, name, roles, confined_to, not_before, not_after, first_used_at,
  last_used_at, revoked_at, revoked_by, reason
FROM certificates
WHERE ($1::text IS NULL OR confined_to = $1) AND ($2::uuid IS NULL OR id = $2) AND ($3::bytea IS NULL OR fingerprint = $3)
  AND ($4::bytea IS NULL OR serial = $4) AND ($5::text IS NULL OR issuer = $5)
ORDER BY last_used_at DESC NULLS LAST, revoked_at DESC NULLS LAST, id LIMIT $6::int4
