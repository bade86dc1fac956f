-- $1 workspaces, $2 runs, of one length: leased in this transaction. Gives those back beside which another one of their order key is
-- leased: by a transaction that could not be seen yet when they were chosen.
UPDATE runs r
SET state = 1, attempt = r.attempt - 1, available_at = now(),
  first_leased_at = CASE WHEN r.attempt > 1 THEN r.first_leased_at END
FROM unnest($1::uuid[], $2::uuid[]) AS mine (workspace_id, id)
WHERE r.workspace_id = mine.workspace_id AND r.id = mine.id AND r.state = 2
  AND EXISTS (
    SELECT FROM runs b
    WHERE b.workspace_id = r.workspace_id AND b.trigger_id = r.trigger_id AND b.order_key = r.order_key AND b.state = 2
      AND b.id <> r.id AND b.available_at > now())
RETURNING r.workspace_id, r.id
