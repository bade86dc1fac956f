-- Whether the present role could change the audit log, or take away what keeps it from that.
SELECT r.rolsuper OR pg_has_role(c.relowner, 'MEMBER') OR has_table_privilege('audit_log', 'UPDATE, DELETE, TRUNCATE')
FROM pg_roles r, pg_class c
WHERE r.rolname = current_user AND c.oid = 'audit_log'::regclass
