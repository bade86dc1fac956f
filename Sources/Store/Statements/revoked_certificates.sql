-- Those that are revoked and have not ended anyhow.
SELECT fingerprint, issuer, serial FROM certificates
WHERE revoked_at IS NOT NULL AND (not_after IS NULL OR not_after > now())
