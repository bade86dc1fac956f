-- $1 workspace, $2 id. Why a lease was not found.
SELECT state, lease_epoch, available_at FROM runs WHERE workspace_id = $1::uuid AND id = $2::uuid
