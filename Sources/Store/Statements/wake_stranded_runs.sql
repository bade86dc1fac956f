-- Makes runs available that were put aside and that no run of their key stands before any more: whoever was to do it is gone.
UPDATE runs r SET available_at = now()
WHERE r.workspace_id IN (SELECT id FROM workspaces) AND r.state = 1 AND r.available_at = 'infinity'
  AND NOT EXISTS (
    SELECT FROM runs b
    WHERE b.workspace_id = r.workspace_id AND b.trigger_id = r.trigger_id AND b.order_key = r.order_key AND b.state = 2)
  AND NOT EXISTS (
    SELECT FROM runs b
    WHERE b.workspace_id = r.workspace_id AND b.trigger_id = r.trigger_id AND b.order_key = r.order_key AND b.state = 1
      AND (b.request_id, b.element) < (r.request_id, r.element))
RETURNING r.workspace_id
