-- Candidates: requests of some triggers, the newest first. Back come those that match, the first and the $2nd candidate: of each
-- whether it matches, and its place.
SELECT id, matches, place FROM (
  SELECT id, matches, row_number() OVER (ORDER BY id DESC) AS place
  FROM unnest($15::uuid[]) AS wanted (value) CROSS JOIN LATERAL (
    SELECT r.id, coalesce(/*filter*/, false) AS matches
    FROM requests r
    WHERE r.workspace_id = $1::uuid AND r.id < $3::uuid AND r.id >= $4::uuid AND r.trigger_id = wanted.value
    ORDER BY r.id DESC LIMIT $2::int4
  ) newest
  ORDER BY id DESC LIMIT $2::int4
) candidates
WHERE matches OR place IN (1, $2) ORDER BY id DESC
