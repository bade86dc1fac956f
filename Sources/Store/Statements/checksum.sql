-- $1 text
SELECT sha256($1::bytea)
