-- $1 workspace, $2 flow
DELETE FROM trigger_secrets s USING triggers t
WHERE t.workspace_id = $1::uuid AND t.flow_id = $2::uuid AND t.deleted_at IS NOT NULL
  AND s.workspace_id = t.workspace_id AND s.trigger_id = t.id
