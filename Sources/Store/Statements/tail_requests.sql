-- The oldest matches that are not among $18, the ids seen.
SELECT r.id FROM requests r
WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid AND r.id <> ALL ($18::uuid[]) AND /*filter*/
ORDER BY r.id LIMIT $2::int4
