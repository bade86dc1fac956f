-- The name of the partition that got its part of requests_terms, or nothing: all have it
SELECT name FROM create_terms_index('infinity') AS name WHERE name IS NOT NULL
