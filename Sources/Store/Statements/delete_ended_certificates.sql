-- $1 days that a certificate is listed after its end
DELETE FROM certificates WHERE not_after < now() - $1::int4 * interval '1 day'
