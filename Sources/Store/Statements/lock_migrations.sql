-- Held until the transaction ends; the number is arbitrary.
SELECT pg_advisory_xact_lock(4865616467617465)
