-- $1 workspace, $2 rows at most,
-- $3 id that the page ends before, $4 least id, $5 received at or after, $6 received before, $7 outcomes, $8 causes,
-- $9 status, $10 event, $11 address block; NULL in $5 to $11 does not restrict;
-- $12 trigger or NULL, $13 flow or NULL. Each trigger's newest rows come from its index, then the newest of all.
SELECT r.id, r.trigger_id, f.name, t.node, r.flow_version, r.received_at, r.method, r.path, r.query, r.client_address,
  r.origin, r.outcome, r.cause, r.status, r.event, r.output, r.body_length, r.processing_us
FROM triggers t
JOIN flows f ON f.workspace_id = t.workspace_id AND f.id = t.flow_id
CROSS JOIN LATERAL (
  SELECT * FROM requests r
  WHERE r.workspace_id = $1::uuid AND r.trigger_id = t.id
    AND r.id < $3::uuid AND r.id >= $4::uuid
    AND ($5::timestamptz IS NULL OR r.received_at >= $5)
    AND ($6::timestamptz IS NULL OR r.received_at < $6)
    AND ($7::int2[] IS NULL OR r.outcome = ANY ($7))
    AND ($8::int2[] IS NULL OR r.cause = ANY ($8))
    AND ($9::int2 IS NULL OR r.status = $9)
    AND ($10::bytea IS NULL OR r.event = $10)
    AND ($11::inet IS NULL OR r.client_address <<= $11)
  ORDER BY r.id DESC LIMIT $2::int4
) r
WHERE t.workspace_id = $1::uuid AND ($12::uuid IS NULL OR t.id = $12) AND ($13::uuid IS NULL OR t.flow_id = $13)
ORDER BY r.id DESC LIMIT $2::int4
