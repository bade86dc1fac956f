-- $1 workspaces, $2 ids, $3 triggers, of one length. Those that are recorded already under their triggers, with what was
-- recorded. With the trigger, because a plan that is made while a day is empty may read the index of (workspace, trigger, id):
-- without it all of a workspace would be read for each.
SELECT r.workspace_id, r.id, r.trigger_id, r.outcome, r.cause, r.status, r.duplicate_of
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS wanted (workspace_id, id, trigger_id)
JOIN requests r ON r.workspace_id = wanted.workspace_id AND r.id = wanted.id AND r.trigger_id = wanted.trigger_id
