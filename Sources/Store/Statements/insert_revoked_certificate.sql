-- $1 workspace, $2 id, $3 fingerprint or NULL, $4 issuer, $5 serial number, $6 by whom, $7 why. One that was never seen.
INSERT INTO certificates (workspace_id, id, fingerprint, issuer, serial, revoked_at, revoked_by, reason)
VALUES ($1::uuid, $2::uuid, $3::bytea, $4::text, $5::bytea, now(), $6::text, $7::text)
ON CONFLICT (fingerprint) DO NOTHING
