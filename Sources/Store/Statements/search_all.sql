-- Candidates: all requests, the newest first. Back come those that match, the first and the $2nd candidate: of each whether it
-- matches, and its place.
SELECT id, matches, place FROM (
  SELECT r.id, row_number() OVER (ORDER BY r.id DESC) AS place, coalesce(/*filter*/, false) AS matches
  FROM requests r
  WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid
  ORDER BY r.id DESC LIMIT $2::int4
) candidates
WHERE matches OR place IN (1, $2) ORDER BY id DESC
