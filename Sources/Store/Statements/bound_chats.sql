-- $1 workspaces, $2 channels, $3 contacts, of one length. Those that there are: the place in the lists from 1, and the chat.
SELECT w.place, c.id, c.customer_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS w (workspace_id, channel, contact, place)
JOIN chats c USING (workspace_id, channel, contact)
