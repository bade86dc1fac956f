-- $1 workspaces, $2 channels, $3 contacts, $4 ids, $5 customers, $6 originals: of one length and sorted by the first three, none
-- twice; the zero id stands for no customer. Leaves out what there is, waiting for what is about to be.
INSERT INTO chats (workspace_id, channel, contact, id, customer_id, original)
SELECT w.workspace_id, w.channel, w.contact, w.id, nullif(w.customer_id, '00000000-0000-0000-0000-000000000000'), w.original
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bytea[])
  AS w (workspace_id, channel, contact, id, customer_id, original)
ON CONFLICT (workspace_id, channel, contact) DO NOTHING
