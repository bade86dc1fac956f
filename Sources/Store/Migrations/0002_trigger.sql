-- The trigger, complete: deduplication, customers and chats, ordered runs, several flows on a URL, workspace variables.

ALTER TABLE workspaces ADD COLUMN default_region text NOT NULL DEFAULT '';

-- NULL is "none" throughout. duplicate_of: the request whose delivery this one repeats. binding: an encoded
-- headgate.v1.BindingReportList; customer_id and chat_id are those of the first run that has one. replay_of: the request that
-- this one replays. sealed: what redaction took out, encrypted by the workspace's data key, where the request is to be verified
-- again later.
ALTER TABLE requests
  ADD COLUMN delivery_id bytea,
  ADD COLUMN duplicate_of uuid,
  ADD COLUMN customer_id uuid,
  ADD COLUMN chat_id uuid,
  ADD COLUMN replay_of uuid,
  ADD COLUMN trace_id bytea,
  ADD COLUMN binding bytea,
  ADD COLUMN sealed bytea;
-- Requests that wait for their trigger's first secret.
CREATE INDEX requests_pending ON requests (workspace_id, trigger_id, id) WHERE outcome = 7;

-- order_key: runs of one key of a node are leased one at a time, in the order of (request_id, element). One that an earlier
-- one stands before has the state 1 and is available at 'infinity' once a worker has come across it, so that it is not looked
-- at again; whoever finishes a run of the key makes the next one available.
ALTER TABLE runs
  ADD COLUMN customer_id uuid,
  ADD COLUMN chat_id uuid,
  ADD COLUMN replay_of uuid,
  ADD COLUMN element int2 NOT NULL DEFAULT 0,
  ADD COLUMN order_key bytea,
  ADD COLUMN traceparent text NOT NULL DEFAULT '';
CREATE INDEX runs_ordered ON runs (workspace_id, trigger_id, order_key, state, request_id, element)
  WHERE state IN (1, 2) AND order_key IS NOT NULL;

-- Who has a delivery id: the first request with it, until the window has passed. Written in the request's transaction.
CREATE TABLE delivery_claims (
  workspace_id uuid NOT NULL,
  trigger_id uuid NOT NULL,
  delivery_id bytea NOT NULL,
  request_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, trigger_id, delivery_id)
);
CREATE INDEX delivery_claims_expiry ON delivery_claims (expires_at);

-- name_key is the name as it is compared. No reference to the workspace, which is never deleted: checking it for each customer
-- would lock the workspace's row in every batch.
CREATE TABLE customers (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL DEFAULT '',
  name_key text NOT NULL DEFAULT '',
  email text NOT NULL DEFAULT '',
  phone text NOT NULL DEFAULT '',
  document text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX customers_name ON customers (workspace_id, name_key, created_at, id) WHERE name_key <> '';

-- Every value that identifies a customer, the direct ones of the customer's row included: the primary key is the rule
-- "a value has one customer". kind: email, phone, document, whatsapp, instagram, telegram, sms, webchat.
CREATE TABLE customer_contacts (
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  customer_id uuid NOT NULL,
  original bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, kind, value)
);
CREATE INDEX customer_contacts_customer ON customer_contacts (workspace_id, customer_id);

CREATE TABLE chats (
  workspace_id uuid NOT NULL,
  channel text NOT NULL,
  contact text NOT NULL,
  id uuid NOT NULL,
  customer_id uuid,
  original bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, channel, contact),
  CONSTRAINT chats_id UNIQUE (workspace_id, id)
);
CREATE INDEX chats_customer ON chats (workspace_id, customer_id) WHERE customer_id IS NOT NULL;

-- What templates see as env.NAME: value for plain ones, ciphertext for secret ones.
CREATE TABLE workspace_variables (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL,
  value text,
  ciphertext bytea,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, name),
  CHECK ((value IS NULL) <> (ciphertext IS NULL))
);

-- purpose: 0 the credential that requests are verified with, 1 what a handshake's verify token must be.
ALTER TABLE trigger_secrets ADD COLUMN purpose int2 NOT NULL DEFAULT 0;
