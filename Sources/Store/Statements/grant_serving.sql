-- $1 role
SELECT grant_serving($1::text::name)::text
