-- $1 workspace, $2 version of the data key that is wanted, $3 version and $4 id that the page begins after, $5 rows at most
SELECT trigger_id, id, coalesce(data_key_version(sealed), 0), sealed
FROM requests
WHERE workspace_id = $1::uuid AND sealed IS NOT NULL AND coalesce(data_key_version(sealed), 0) <> $2::int8
  AND (coalesce(data_key_version(sealed), 0), id) > ($3::int8, $4::uuid)
ORDER BY coalesce(data_key_version(sealed), 0), id LIMIT $5::int4
