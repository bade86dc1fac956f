-- $1 id, $2 fingerprint, $3 issuer, $4 serial number, $5 name, $6 roles, $7 workspace that it is confined to or '',
-- $8 and $9 first and last second of its validity since 1970, $10 name of the workspace of those that are confined to none.
-- Notes that a certificate is in use in the present minute.
INSERT INTO certificates (
  workspace_id, id, fingerprint, issuer, serial, name, roles, confined_to, not_before, not_after, first_used_at, last_used_at)
SELECT w.id, $1::uuid, $2::bytea, $3::text, $4::bytea, $5::text, $6::text, $7::text, to_timestamp($8::int8),
  to_timestamp($9::int8), now(), date_trunc('minute', now())
FROM workspaces w WHERE w.name IN ($7::text, $10::text) ORDER BY w.name = $7::text DESC LIMIT 1
ON CONFLICT (fingerprint) DO UPDATE
SET issuer = excluded.issuer, serial = excluded.serial, name = excluded.name, roles = excluded.roles,
  confined_to = excluded.confined_to, not_before = excluded.not_before, not_after = excluded.not_after,
  first_used_at = coalesce(certificates.first_used_at, excluded.first_used_at), last_used_at = excluded.last_used_at
WHERE certificates.last_used_at IS NULL OR certificates.last_used_at < excluded.last_used_at
