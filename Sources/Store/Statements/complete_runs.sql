-- $1 workspaces, $2 ids, $3 epochs, in triples.
UPDATE runs r SET state = 3, finished_at = now()
FROM unnest($1::uuid[], $2::uuid[], $3::int8[]) AS done (workspace_id, id, epoch)
WHERE r.workspace_id = done.workspace_id AND r.id = done.id AND r.lease_epoch = done.epoch AND r.state = 2
RETURNING r.workspace_id, r.id, r.lease_epoch, r.trigger_id, r.order_key
