-- First id, and the first of the day after, of the days that have a partition, newest first
SELECT first_id_of_day(day), first_id_of_day(day + 1) FROM request_partitions() ORDER BY day DESC
