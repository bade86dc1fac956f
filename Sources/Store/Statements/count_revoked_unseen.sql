-- Certificates that were revoked before they were seen.
SELECT count(*) FROM certificates WHERE revoked_at IS NOT NULL AND first_used_at IS NULL
