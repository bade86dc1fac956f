-- API keys that can be told by their hash, and such as cannot; certificates, and how many of them are revoked; audit rows.
SELECT
  (SELECT count(*) FROM api_keys WHERE length(hash) = 32 AND role BETWEEN 2 AND 6),
  (SELECT count(*) FROM api_keys WHERE NOT (length(hash) = 32 AND role BETWEEN 2 AND 6)),
  (SELECT count(*) FROM certificates), (SELECT count(*) FROM certificates WHERE revoked_at IS NOT NULL),
  (SELECT count(*) FROM audit_log)
