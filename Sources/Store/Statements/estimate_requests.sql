-- How many match, as the planner believes.
EXPLAIN SELECT FROM requests r
WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid AND $2::int4 > 0 AND /*filter*/
