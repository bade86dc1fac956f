-- Certificates that can be revoked; and what was sealed with a request counts as use of its data key.

-- What connections were opened with, and what was revoked; a revoked one may never have been seen, and then has a fingerprint
-- or issuer and serial number alone. workspace_id: the workspace that it is confined to where there is such a one, else the
-- default one. confined_to: that workspace's name as the certificate has it; empty: none.
-- fingerprint: SHA-256 of the DER. serial: big-endian without leading zeros. roles: names, separated by commas.
CREATE TABLE certificates (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  id uuid NOT NULL,
  fingerprint bytea CONSTRAINT certificates_fingerprint UNIQUE,
  issuer text NOT NULL DEFAULT '',
  serial bytea NOT NULL DEFAULT '',
  name text NOT NULL DEFAULT '',
  roles text NOT NULL DEFAULT '',
  confined_to text NOT NULL DEFAULT '',
  not_before timestamptz,
  not_after timestamptz,
  first_used_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX certificates_revoked ON certificates (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificates_serial ON certificates (serial) WHERE serial <> '';

-- The version of the data key that something was sealed with; NULL for bytes of another format. 1: the data key itself; 2: a key
-- of its own, derived from the data key and 12 bytes more.
CREATE OR REPLACE FUNCTION data_key_version(sealed bytea) RETURNS int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN length(sealed) >= 33 AND get_byte(sealed, 0) IN (1, 2) THEN
    get_byte(sealed, 1)::int8 << 24 | get_byte(sealed, 2) << 16 | get_byte(sealed, 3) << 8 | get_byte(sealed, 4)
  END
$$;

-- of_all: concerns no workspace alone, such as a key for all of them. Who is confined to the workspace whose log it stands in is
-- not shown it.
ALTER TABLE audit_log ADD COLUMN of_all bool NOT NULL DEFAULT false;

-- Requests with something sealed, by the data key. Few have it: what refused requests of some modes came with.
CREATE INDEX requests_sealed ON requests (workspace_id, coalesce(data_key_version(sealed), 0), id) WHERE sealed IS NOT NULL;
