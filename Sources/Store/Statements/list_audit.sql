-- $1 workspace, $2 id that the page ends before, $3 rows at most,
-- $4 action, $5 what the action begins with, $6 principal, $7 object, $8 at or after, $9 before; NULL does not restrict; $10 also
-- what concerns no workspace alone (of some actions, of which all do, there are rows from before this was noted)
SELECT id, at, workspace_id, principal, peer, action, object, details
FROM audit_log WHERE workspace_id = $1::uuid AND id < $2::uuid
  AND ($4::text IS NULL OR action = $4)
  AND ($5::text IS NULL OR starts_with(action, $5))
  AND ($6::text IS NULL OR principal = $6)
  AND ($7::text IS NULL OR object = $7)
  AND ($8::timestamptz IS NULL OR at >= $8)
  AND ($9::timestamptz IS NULL OR at < $9)
  AND ($10::bool OR NOT of_all AND action NOT IN ('workspace.create', 'key.rewrap'))
ORDER BY id DESC LIMIT $3::int4
