-- $1 workspace, $2 id
SELECT id, name, email, phone, document, created_at, updated_at
FROM customers WHERE workspace_id = $1::uuid AND id = $2::uuid
