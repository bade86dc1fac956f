-- Listen sessions: who watches which trigger. mode and state are the numbers of proto/headgate/v1; all times are this server's.
-- attended_at: when a control plane last served the session; one that nobody attends to is ended.
CREATE TABLE listen_sessions (
  workspace_id uuid NOT NULL,
  id uuid NOT NULL,
  trigger_id uuid NOT NULL,
  mode int2 NOT NULL,
  state int2 NOT NULL DEFAULT 1,
  max_requests int4 NOT NULL DEFAULT 0,
  received int8 NOT NULL DEFAULT 0,
  principal text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  attended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  PRIMARY KEY (workspace_id, id),
  FOREIGN KEY (workspace_id, trigger_id) REFERENCES triggers
);
CREATE INDEX listen_sessions_open ON listen_sessions (workspace_id, trigger_id) WHERE state IN (1, 2);
CREATE INDEX listen_sessions_ended ON listen_sessions (ended_at) WHERE ended_at IS NOT NULL;
