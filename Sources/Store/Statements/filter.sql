-- What a log's filter asks of a request r; it stands for each /*filter*/ in a statement. Of a statement with a filter are
-- $1 the workspace, $2 how many rows at most, $3 an id that all are before, $4 the least id; $5 received at or after, $6 before,
-- $7 outcomes, $8 causes, $9 status, $10 event, $11 address block, $12 delivery id, $13 customer, $14 chat, $15 triggers,
-- $16 pattern of the body's text, $17 JSON that the body contains; NULL does not restrict.
($5::timestamptz IS NULL OR r.received_at >= $5)
AND ($6::timestamptz IS NULL OR r.received_at < $6)
AND ($7::int2[] IS NULL OR r.outcome = ANY ($7))
AND ($8::int2[] IS NULL OR r.cause = ANY ($8))
AND ($9::int2 IS NULL OR r.status = $9)
AND ($10::bytea IS NULL OR r.event = $10)
AND ($11::inet IS NULL OR r.client_address <<= $11)
AND ($12::bytea IS NULL OR r.delivery_id = $12)
AND ($13::uuid IS NULL OR r.customer_id = $13)
AND ($14::uuid IS NULL OR r.chat_id = $14)
AND ($15::uuid[] IS NULL OR r.trigger_id = ANY ($15))
AND ($16::text IS NULL OR body_text(r.body) LIKE $16)
AND ($17::text IS NULL OR body_json(r.body) @> $17::jsonb)
