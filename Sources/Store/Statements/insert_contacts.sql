-- $1 workspaces, $2 kinds, $3 values, $4 customers, $5 originals: of one length and sorted by the first three, none twice. Leaves
-- out what somebody has, waiting for those who are about to have it.
INSERT INTO customer_contacts (workspace_id, kind, value, customer_id, original)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bytea[])
ON CONFLICT (workspace_id, kind, value) DO NOTHING
