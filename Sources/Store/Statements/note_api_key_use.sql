-- $1 ids of keys that were used within the present minute
UPDATE api_keys SET last_used_at = date_trunc('minute', now())
WHERE id = ANY ($1::uuid[]) AND (last_used_at IS NULL OR last_used_at < date_trunc('minute', now()))
