-- $1 workspace, $2 flow or NULL, $3 how many to look at, $4 and $5 for each run that is wanted the worker and the length of the
-- lease in microseconds, $6 none that became available before this.
-- What was abandoned at its last attempt becomes dead and is returned as such. What an earlier run of its order_key stands
-- before is put aside and returned with the state 1: only while the row of that run can be locked, so that whoever finishes
-- it meanwhile either is waited for by nobody or sees what was put aside.
WITH waiting AS MATERIALIZED (
  SELECT id, request_id, trigger_id, order_key, element, available_at
  FROM runs
  WHERE workspace_id = $1::uuid AND state IN (1, 2) AND available_at <= now() AND available_at >= $6::timestamptz
    AND ($2::uuid IS NULL OR flow_id = $2)
  ORDER BY available_at LIMIT $3::int4
  FOR UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
  SELECT w.id, w.available_at, CASE WHEN w.order_key IS NOT NULL THEN coalesce(
    (SELECT b.id FROM runs b
      WHERE b.workspace_id = $1::uuid AND b.trigger_id = w.trigger_id AND b.order_key = w.order_key AND b.state = 2
        AND b.id <> w.id AND (b.available_at > now() OR (b.request_id, b.element) < (w.request_id, w.element))
      LIMIT 1),
    (SELECT b.id FROM runs b
      WHERE b.workspace_id = $1::uuid AND b.trigger_id = w.trigger_id AND b.order_key = w.order_key AND b.state = 1
        AND (b.request_id, b.element) < (w.request_id, w.element)
      ORDER BY b.request_id, b.element LIMIT 1)) END AS blocker
  FROM waiting w
), decided AS MATERIALIZED (
  SELECT id, available_at, blocker,
    CASE WHEN blocker IS NULL THEN count(*) FILTER (WHERE blocker IS NULL) OVER (ORDER BY available_at, id) END AS slot
  FROM judged
), chosen AS MATERIALIZED (
  SELECT id, available_at, slot FROM decided WHERE slot <= cardinality($4::text[])
  UNION ALL
  SELECT d.id, d.available_at, NULL
  FROM decided d JOIN LATERAL (
    SELECT a.id FROM runs a
    WHERE a.workspace_id = $1::uuid AND a.id = d.blocker AND a.state IN (1, 2)
    FOR SHARE SKIP LOCKED) a ON true
  WHERE d.blocker IS NOT NULL
)
UPDATE runs r
SET state = CASE WHEN c.slot IS NULL THEN 1 WHEN r.attempt < r.max_attempts THEN 2 ELSE 4 END,
  attempt = CASE WHEN c.slot IS NOT NULL AND r.attempt < r.max_attempts THEN r.attempt + 1 ELSE r.attempt END,
  lease_epoch = CASE WHEN c.slot IS NULL THEN r.lease_epoch ELSE r.lease_epoch + 1 END,
  first_leased_at = CASE WHEN c.slot IS NULL THEN r.first_leased_at ELSE coalesce(r.first_leased_at, now()) END,
  worker = CASE WHEN c.slot IS NOT NULL AND r.attempt < r.max_attempts THEN ($4::text[])[c.slot] ELSE r.worker END,
  available_at = CASE
    WHEN c.slot IS NULL THEN 'infinity' ELSE now() + ($5::int8[])[c.slot] * interval '1 microsecond' END,
  finished_at = CASE WHEN c.slot IS NULL OR r.attempt < r.max_attempts THEN NULL ELSE now() END,
  last_error = CASE
    WHEN c.slot IS NULL OR r.attempt < r.max_attempts THEN r.last_error
    ELSE 'the lease ended without a word of the worker' END
FROM chosen c
WHERE r.workspace_id = $1::uuid AND r.id = c.id
RETURNING coalesce(c.slot, 0), c.available_at, r.workspace_id, r.id, r.request_id, r.flow_id, coalesce((
    SELECT f.name FROM flows f WHERE f.workspace_id = r.workspace_id AND f.id = r.flow_id), ''), r.flow_version, r.trigger_id,
  r.node, r.output, r.entry_node, r.variables, r.event, r.state, r.attempt, r.max_attempts, r.lease_epoch,
  coalesce(r.worker, ''), CASE WHEN c.slot IS NULL THEN r.created_at ELSE r.available_at END, r.created_at, r.finished_at,
  coalesce(r.last_error, ''), r.customer_id, r.chat_id, r.element, r.order_key, r.replay_of, r.traceparent
