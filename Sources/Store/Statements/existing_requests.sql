-- $1 workspaces and $2 ids, in pairs. Those that are recorded already, with what was recorded.
SELECT r.workspace_id, r.id, r.trigger_id, r.outcome, r.duplicate_of
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, id)
JOIN requests r ON r.workspace_id = wanted.workspace_id AND r.id = wanted.id
