-- $1 workspaces, $2 triggers, $3 delivery ids, of one length. Who has each of them: its place in the lists from 1, the request.
SELECT w.place, c.request_id
FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) WITH ORDINALITY AS w (workspace_id, trigger_id, delivery_id, place)
JOIN delivery_claims c USING (workspace_id, trigger_id, delivery_id)
