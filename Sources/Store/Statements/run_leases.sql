-- $1 workspaces, $2 ids, in pairs. Why a lease was not found.
SELECT r.workspace_id, r.id, r.state, r.lease_epoch, r.available_at
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (workspace_id, id)
JOIN runs r ON r.workspace_id = wanted.workspace_id AND r.id = wanted.id
