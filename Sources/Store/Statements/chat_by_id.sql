-- $1 workspace, $2 id
SELECT id, channel, contact, original, customer_id, created_at
FROM chats WHERE workspace_id = $1::uuid AND id = $2::uuid
