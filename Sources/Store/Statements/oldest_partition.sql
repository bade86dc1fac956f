-- The first id of the oldest day that has a partition
SELECT first_id_of_day(min(day)) FROM request_partitions() HAVING count(*) > 0
