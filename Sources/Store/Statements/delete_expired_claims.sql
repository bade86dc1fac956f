-- $1 rows at most. Only what expired an hour ago or more: no batch can be between finding such a claim and using it.
DELETE FROM delivery_claims
WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM delivery_claims WHERE expires_at <= now() - interval '1 hour' ORDER BY expires_at LIMIT $1::int4
  FOR UPDATE SKIP LOCKED))
