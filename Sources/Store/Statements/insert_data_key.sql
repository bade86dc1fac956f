-- $1 workspace, $2 version, $3 version of the master key, $4 wrapped key
INSERT INTO data_keys (workspace_id, version, master_key_version, wrapped)
VALUES ($1::uuid, $2::int4, $3::int4, $4::bytea)
ON CONFLICT DO NOTHING
