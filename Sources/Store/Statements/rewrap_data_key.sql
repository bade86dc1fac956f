-- $1 workspace, $2 version, $3 new version of the master key, $4 wrapped key, $5 version of the master key before
UPDATE data_keys SET master_key_version = $3::int4, wrapped = $4::bytea
WHERE workspace_id = $1::uuid AND version = $2::int4 AND master_key_version = $5::int4
