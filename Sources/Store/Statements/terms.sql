-- What follows from a filter, said again so that requests_terms can tell: Bloom filters know only whether something is equal. It
-- stands for each /*terms*/ in a statement that is planned with its values. Of several values none is asked for.
($7::int2[] IS NULL OR ($7::int2[])[2] IS NOT NULL OR r.outcome = ($7::int2[])[1])
AND ($8::int2[] IS NULL OR ($8::int2[])[2] IS NOT NULL OR r.cause = ($8::int2[])[1])
AND ($11::inet IS NULL OR masklen($11::inet) < CASE family($11::inet) WHEN 4 THEN 32 ELSE 128 END OR r.client_address = $11)
AND ($15::uuid[] IS NULL OR ($15::uuid[])[2] IS NOT NULL OR r.trigger_id = ($15::uuid[])[1])
