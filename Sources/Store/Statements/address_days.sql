-- First id, and the first of the day after, of the days whose addresses have an index of their own, newest first
SELECT first_id_of_day(day), first_id_of_day(day + 1) FROM request_days
WHERE addresses_indexed_at IS NOT NULL ORDER BY day DESC
