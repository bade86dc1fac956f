-- $1 workspace, $2 customer, $3 rows at most
SELECT kind, value, original, created_at
FROM customer_contacts WHERE workspace_id = $1::uuid AND customer_id = $2::uuid
ORDER BY kind, created_at, value LIMIT $3::int4
